"""Tests of scripts/ci/clean_up_pull_requests.py: what closed pull requests left goes, whatever else stays."""

from pathlib import Path
from typing import Any

import pytest

from engine.command_line import WorldError
from engine.kubeflow import removal
from engine.kubeflow.kfp_client import Client
from engine.tests.scripts.kubeflow import Kubeflow
from scripts.ci.clean_up_pull_requests import PERMISSIONS

GRANTED = {name.replace("-", "_"): level for name, level in PERMISSIONS.items()}


@pytest.fixture
def left_behind(kubeflow: Kubeflow) -> Kubeflow:
    """What pull requests 12, 123 and 7 left, and main's own."""
    for number in (12, 123, 7):
        version = kubeflow.upload(f"pr-{number}-evaluation")
        kubeflow.upload(f"pr-{number}-evaluation", content="more")
        kubeflow.start(version, f"pr-{number}-0123456789ab", "hang" if number == 12 else "succeed")
    kubeflow.start(kubeflow.upload("pr-12-evaluation"), "a run of ann")
    kubeflow.start(kubeflow.upload("training"), "train-0123456789ab-2013-09-02")
    return kubeflow


def test_clean_up_of_one_pull_request_ends_and_deletes_its_runs_and_can_be_repeated(
    call, tmp_path, left_behind
):
    done = call(tmp_path, "clean_up_pull_requests", "12", KUBEFLOW_HOST=left_behind.url)
    assert (done.status, done.error) == (0, "")
    assert "run pr-12-0123456789ab: ended, FAILED\n" in done.printed
    others = ["pr-123-evaluation", "pr-7-evaluation", "training"]
    assert left_behind.names() == {
        "runs": ["pr-123-0123456789ab", "pr-7-0123456789ab", "train-0123456789ab-2013-09-02"],
        "experiments": ["Default", *others],
        "pipelines": others,
    }
    again = call(tmp_path, "clean_up_pull_requests", "12", KUBEFLOW_HOST=left_behind.url)
    assert (again.status, again.printed) == (0, "")


def test_nightly_all_closed_ones_go_and_one_that_fails_stops_no_other(
    call, tmp_path, left_behind, github_api, monkeypatch
):
    for number, state in ((12, "closed"), (123, "open"), (7, "closed")):
        github_api.add_pull(number, f"{number:040}", state=state)
    real = Client.delete_run

    def refuse_pull_request_7(self, run_id):
        if self.get_run(run_id).display_name.startswith("pr-7-"):
            raise WorldError("no")
        return real(self, run_id)

    monkeypatch.setattr(Client, "delete_run", refuse_pull_request_7)
    variables = {"KUBEFLOW_HOST": left_behind.url} | github_api.environment(**GRANTED)
    done = call(tmp_path, "clean_up_pull_requests", **variables)
    assert (done.status, done.error.splitlines()[0]) == (3, "run pr-7-0123456789ab: no")
    assert left_behind.names()["pipelines"] == ["pr-123-evaluation", "pr-7-evaluation", "training"]
    monkeypatch.undo()
    assert call(tmp_path, "clean_up_pull_requests", **variables).status == 0
    assert left_behind.names()["pipelines"] == ["pr-123-evaluation", "training"]


def test_run_that_never_ends_is_deleted(
    call: Any, tmp_path: Path, kubeflow: Kubeflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does whose Workflow is gone: seen with Kubeflow Pipelines 2.17.0, it stays CANCELING."""
    kubeflow.start(kubeflow.upload("pr-12-evaluation"), "pr-12-0123456789ab", "hang")
    monkeypatch.setattr(removal, "terminate", lambda *_: "asked to end, and still CANCELING after 30 seconds")
    done = call(tmp_path, "clean_up_pull_requests", "12", KUBEFLOW_HOST=kubeflow.url)
    assert (done.status, done.error) == (0, "")
    assert kubeflow.names() == {"runs": [], "experiments": ["Default"], "pipelines": []}


def test_with_no_endpoint_there_is_nothing_to_clean_up(call, tmp_path):
    done = call(tmp_path, "clean_up_pull_requests", KUBEFLOW_HOST="")
    assert (done.status, done.printed) == (0, "KUBEFLOW_HOST is not set: there is nothing to clean up\n")
