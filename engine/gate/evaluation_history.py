"""How far the history of evaluation goes: a fork's code gets no outcomes of the rows that it is judged on."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from engine.settings.settings_schema import History, Windows

ROLLING = "features get the outcomes of evaluation rows that were known before each row's day"
OF_A_FORK = "mlops.yaml says rolling, but a fork's code gets no outcomes of evaluation rows"


class EvaluationHistory(NamedTuple):
    mode: History
    reason: str
    """Empty if the mode is the default, and nothing else was asked for."""


def evaluation_history(windows: Windows) -> EvaluationHistory:
    """What the base's `windows` say, and window-start for a fork's pull request."""
    if windows.history != "rolling":
        return EvaluationHistory(windows.history, "")
    event = os.environ.get("GITHUB_EVENT_PATH")
    if event and _is_of_a_fork(Path(event)):
        return EvaluationHistory("window-start", OF_A_FORK)
    return EvaluationHistory("rolling", ROLLING)


def _is_of_a_fork(event: Path) -> bool:
    """Whether the event is of a pull request from another repository, also of one that is gone."""
    document = json.loads(event.read_bytes())
    if "pull_request" not in document:
        return False
    source = document["pull_request"]["head"]["repo"]
    return source is None or source["full_name"] != document["repository"]["full_name"]
