"""A run that its cluster has lost stays RUNNING: it is neither followed nor adopted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from engine.command_line import SettingsError, WorldError
from engine.kubeflow import runs
from engine.tests.scripts.kubeflow import Kubeflow

CLIENT = cast(Any, None)


def run_without_progress(hours: float, state: str = "RUNNING") -> runs.Run:
    changed = datetime.now(UTC) - timedelta(hours=hours)
    return runs.Run("1", "train-abc", state, "", [], changed=changed)


@pytest.fixture(autouse=True)
def default_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEFLOW_PROGRESS_HOURS", raising=False)


def test_follow_gives_up_a_run_without_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "read_run", lambda client, run_id: run_without_progress(25))
    with pytest.raises(WorldError, match="RUNNING without progress for 24 hours"):
        runs.follow(CLIENT, "1")


def test_living_leaves_out_a_forgotten_run_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost, going, ended = (
        run_without_progress(25, "CANCELING"),
        run_without_progress(23),
        run_without_progress(99, "FAILED"),
    )
    monkeypatch.setattr(runs, "read_run", lambda client, run_id: lost)
    assert runs.living(CLIENT, [lost, going, ended]) == [going, ended]
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("run 1, train-abc: CANCELING without progress for 24 hours")


def test_under_way_leaves_out_runs_that_end_and_runs_of_longer_names(monkeypatch: pytest.MonkeyPatch) -> None:
    going = run_without_progress(1)
    others = [run_without_progress(1, "CANCELING"), run_without_progress(1, "FAILED")]
    others.append(replace(going, name="train-abc-smoke"))
    monkeypatch.setattr(runs, "find", lambda client, name: [*others, going])
    assert runs.under_way(CLIENT, "train-abc") == [going]


def test_follow_gives_up_a_run_whose_workflow_was_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Waiting:
        is_lost = True

        def __init__(self, *_: object) -> None: ...

        def new_reasons(self, at_once: bool) -> list[str]:
            return []

    monkeypatch.setattr(runs, "WaitingTasks", Waiting)
    monkeypatch.setattr(runs, "read_run", lambda client, run_id: run_without_progress(0))
    with pytest.raises(WorldError, match="run 1: expected its Workflow, found it deleted; start it again"):
        runs.follow(CLIENT, "1")


@pytest.mark.parametrize(
    ("state", "tasks", "notes"),
    [
        ("FAILED", [], ["at once"]),
        ("FAILED", [runs.Task("2", "say", "FAILED", "", ())], []),
        ("SUCCEEDED", [], []),
    ],
)
def test_follow_asks_why_a_run_failed_before_its_first_task(
    monkeypatch: pytest.MonkeyPatch, state: str, tasks: list[runs.Task], notes: list[str]
) -> None:
    monkeypatch.setattr(runs, "SETTLING", 0)
    monkeypatch.setattr(runs, "read_run", lambda *_: replace(run_without_progress(0, state), tasks=tasks))
    monkeypatch.setattr(
        runs.WaitingTasks, "new_reasons", lambda waiting, at_once: ["at once" if at_once else "late"]
    )
    seen: list[list[str]] = []
    runs.follow(CLIENT, "1", lambda tasks, notes: seen.append(notes))
    assert seen == [notes]


def test_hours_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_PROGRESS_HOURS", "72")
    assert not runs.is_forgotten(run_without_progress(25))
    monkeypatch.setenv("KUBEFLOW_PROGRESS_HOURS", "long")
    with pytest.raises(SettingsError, match="expected a number of hours, found long"):
        runs.is_forgotten(run_without_progress(25))


def test_change_of_a_run_is_the_newest_of_its_own_and_its_tasks(kubeflow: Kubeflow) -> None:
    run_id = kubeflow.start(kubeflow.upload("obeying"), "a run", "hang")
    run = runs.read_run(kubeflow.client, run_id)
    assert run.changed is not None
    assert timedelta() <= datetime.now(UTC) - run.changed < timedelta(minutes=5)
    assert not runs.is_forgotten(run)
    kubeflow.client.terminate_run(run_id)
