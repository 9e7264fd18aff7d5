"""Who gets the outcomes of evaluation rows that were known before each row's day."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.gate.evaluation_history import OF_A_FORK, OF_A_QUEUE, ROLLING, evaluation_history
from engine.settings.settings_schema import Windows

ROLLS = Windows(training_days=7, evaluation_days=7, history="rolling")


def of_repository(source: Any) -> dict[str, Any]:
    """The event of a pull request to you/flights from `source`."""
    return {"pull_request": {"head": {"repo": source}}, "repository": {"full_name": "you/flights"}}


@pytest.mark.parametrize("source", [{"full_name": "she/flights"}, None])
def test_fork_gets_no_outcomes_of_evaluation_rows(
    source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(of_repository(source)))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    assert evaluation_history(ROLLS) == ("window-start", OF_A_FORK)


def test_merge_queue_may_have_the_code_of_a_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"merge_group": {}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    assert evaluation_history(ROLLS) == ("window-start", OF_A_QUEUE)


@pytest.mark.parametrize("event", [of_repository({"full_name": "you/flights"}), {"schedule": "0 0 * * *"}])
def test_own_branch_gets_what_the_settings_say(
    event: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    assert evaluation_history(ROLLS) == ("rolling", ROLLING)


def test_laptop_gets_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    assert evaluation_history(ROLLS).mode == "rolling"
    assert evaluation_history(Windows(training_days=7, evaluation_days=7)) == ("window-start", "")
