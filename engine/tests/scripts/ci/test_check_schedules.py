"""Tests of scripts/ci/check_schedules.py: what is missing, late, failed or lost is reported, and no more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.kubeflow import kfp_lists, recurring_runs
from engine.kubeflow.recurring_runs import Wanted
from engine.settings import cron_times
from engine.settings.settings import load
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.scripts.steps import Call
from engine.tests.scripts.test_promote import identical
from local_kfp.tests.in_process import wait_until

MONDAY = datetime(2013, 9, 2, tzinfo=UTC)
RUNS = '{weekly: {pipeline: training, cron: "29 2 * * 1"}}'


class Clock:
    """The time of the endpoint and of this process."""

    def __init__(self, kubeflow: Kubeflow, monkeypatch: pytest.MonkeyPatch):
        self.kubeflow, self.monkeypatch = kubeflow, monkeypatch

    def set(self, moment: datetime) -> None:
        self.kubeflow.server.clock.time = int(moment.timestamp())
        self.monkeypatch.setattr(cron_times, "now", lambda: moment)


@pytest.fixture
def clock(kubeflow: Kubeflow, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(kubeflow, monkeypatch)
    clock.set(MONDAY)
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout that declares one recurring run."""
    text, _, rest = DEMO_SETTINGS.read_text().partition("  runs: ")
    (tmp_path / "mlops.yaml").write_text(f"{text}  runs: {RUNS}\nimages:{rest.partition('images:')[2]}")
    return tmp_path


@pytest.fixture
def check(call: Callable[..., Call], kubeflow: Kubeflow, clock: Clock, folder: Path) -> Callable[..., Call]:
    return lambda *words: call(folder, "check_schedules", *words, KUBEFLOW_HOST=kubeflow.url)


@pytest.fixture
def declare(kubeflow: Kubeflow, folder: Path) -> Callable[..., Any]:
    """Make the recurring run that is declared; its runs behave as asked."""

    def make(behave: str = "succeed") -> Any:
        settings = load(folder / "mlops.yaml")
        parameters = {"behave": behave, "results_uri": f"{(folder / 'results').as_uri()}/"}
        schedule = settings.schedules.runs["weekly"]
        version = kubeflow.upload("training")
        wanted = Wanted(settings.model, "weekly", "UTC", schedule, version, parameters)
        made = recurring_runs.create(kubeflow.client, wanted)
        kubeflow.client.enable_recurring_run(made.recurring_run_id)
        return made

    return make


def first_run(kubeflow: Kubeflow, made: Any) -> Any:
    """Once it has got as far as it gets."""
    wait_until(lambda: (run := kfp_lists.newest_run_of(kubeflow.client, made)) and run.state != "PENDING")
    run_id = kfp_lists.newest_run_of(kubeflow.client, made).run_id
    wait_until(lambda: kubeflow.client.get_run(run_id).state in ("SUCCEEDED", "FAILED"))
    return kubeflow.client.get_run(run_id)


def leave_verdict(folder: Path, run_id: str, **changes: Any) -> None:
    results = folder / "results" / run_id
    results.mkdir(parents=True)
    (results / "verdict.json").write_text(identical(**changes))
    (results / "report.html").write_text("<h1>A report</h1>")
    (results / "report.md").write_text("# A report\n")


def test_a_successful_run_on_time_is_no_finding(check, declare, kubeflow, clock, folder):
    assert "weekly: missing: expected a recurring run, found none" in check("training").error
    made = declare()
    assert check("training").status == 0, "it is not due yet"
    clock.set(MONDAY + timedelta(hours=4))
    run = first_run(kubeflow, made)
    assert "weekly: unknown: expected the verdict" in check().error
    leave_verdict(folder, run.run_id)
    done = check("training")
    assert (done.status, done.printed) == (0, "weekly: its last run is well, or not due yet\n"), done.error
    assert check("inference").printed == "", "which is not declared"
    kubeflow.client.disable_recurring_run(made.recurring_run_id)
    done = check()
    assert (done.status, "found none that is enabled" in done.error) == (1, True)


def test_a_run_that_failed_or_did_not_come_is_reported(check, declare, kubeflow, clock):
    made = declare(behave="fail")
    clock.set(MONDAY + timedelta(hours=4))
    run = first_run(kubeflow, made)
    done = check()
    assert done.status == 1
    assert (
        f"weekly: failed: expected {run.display_name} to succeed, found FAILED: {kubeflow.url}" in done.error
    )
    assert "late" not in done.error
    later = MONDAY + timedelta(days=7, hours=2, minutes=45)  # 16 minutes after it was due
    clock.monkeypatch.setattr(cron_times, "now", lambda: later)
    assert "late" not in check().error
    done = check("--late-after", "5")
    assert (
        f"late: expected a run of 2013-09-09 02:29 UTC, found {run.display_name} of 2013-09-02" in done.error
    )
    assert "- weekly: late" in done.summary


def test_a_lost_gate_is_reported_with_its_report(check, declare, kubeflow, clock, folder):
    made = declare()
    clock.set(MONDAY + timedelta(hours=4))
    run = first_run(kubeflow, made)
    leave_verdict(folder, run.run_id, verdict="INVALID", passed=False)
    done = check()
    assert (done.status, "lost: the new model is INVALID, and the champion stays" in done.error) == (1, True)
    assert (folder / "build/train/report.md").read_text() == "# A report\n"


def test_without_an_endpoint_there_is_nothing_to_check(call, folder):
    done = call(folder, "check_schedules", KUBEFLOW_HOST="")
    assert (done.status, done.printed) == (
        0,
        "KUBEFLOW_HOST is not set: there is no recurring run to check\n",
    )
