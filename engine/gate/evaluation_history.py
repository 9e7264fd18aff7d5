"""How far the history of evaluation goes: a fork's code gets no outcomes of the rows that it is judged on.

The event of a merge queue does not say whose code it has, so it is judged as a fork's.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from engine.settings.settings_schema import History, Windows

ROLLING = "features get the outcomes of evaluation rows that were known before each row's day"
OF_A_QUEUE = "mlops.yaml says rolling, but the merge queue may have a fork's code, which gets no outcomes"
OF_A_FORK = "mlops.yaml says rolling, but a fork's code gets no outcomes of evaluation rows"


class EvaluationHistory(NamedTuple):
    mode: History
    reason: str
    """Empty if the mode is the default, and nothing else was asked for."""


def evaluation_history(windows: Windows) -> EvaluationHistory:
    """What the base's `windows` say, and window-start for what a fork may have written."""
    if windows.history != "rolling":
        return EvaluationHistory(windows.history, "")
    path = os.environ.get("GITHUB_EVENT_PATH")
    event = json.loads(Path(path).read_bytes()) if path else {}
    if "merge_group" in event:
        return EvaluationHistory("window-start", OF_A_QUEUE)
    if "pull_request" in event and _is_of_a_fork(event):
        return EvaluationHistory("window-start", OF_A_FORK)
    return EvaluationHistory("rolling", ROLLING)


def _is_of_a_fork(document: dict[str, Any]) -> bool:
    """Whether the event is of a pull request from another repository, also of one that is gone."""
    source = document["pull_request"]["head"]["repo"]
    return source is None or source["full_name"] != document["repository"]["full_name"]
