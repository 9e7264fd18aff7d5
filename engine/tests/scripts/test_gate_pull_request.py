"""Tests of the gate's run of a pull request: found again, left going, replaced; with a toy for a judge."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.command_line import Finding
from engine.gate import pull_request_run
from engine.gate.judged_run import NoVerdict
from engine.gate.pull_request_run import PullRequest
from engine.images.images import stage_all
from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.local_server import local_kfp
from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.sources import WorkTree
from engine.tests.scripts.test_promote import identical

MAIN = """
import json, pathlib, sys, time
_, seconds, verdict, folder = sys.argv
time.sleep(float(seconds))
if not verdict:
    sys.exit("I broke")
folder = pathlib.Path(folder.removeprefix("file://"))
folder.mkdir(parents=True)
for name in ("verdict.json", "report.html", "report.md"):
    (folder / name).write_text(verdict)
"""
PIPELINE = """
from kfp import dsl

@dsl.container_component
def judge(seconds: str, verdict: str, results_uri: str):
    command = ["python", "-m", "components.judge.main"]
    return dsl.ContainerSpec("judge", command, [seconds, verdict, results_uri])

@dsl.pipeline(name="evaluation")
def evaluation(seconds: str, verdict: str, results_uri: str):
    judge(seconds=seconds, verdict=verdict, results_uri=results_uri)
"""
PASSED = identical(provenance={})
OLD, NEW = PullRequest(12, "a" * 40), PullRequest(12, "b" * 40)


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a pipeline whose task waits and then writes the verdict that it is given."""
    root = tmp_path_factory.mktemp("judging")
    component = root / "components/judge"
    component.mkdir(parents=True)
    (component / "Dockerfile").write_text("FROM scratch\nCOPY components/judge components/judge\n")
    (component / "main.py").write_text(MAIN)
    (component / "requirements.txt").touch()
    (root / "pipelines").mkdir()
    (root / "pipelines/evaluation.py").write_text(PIPELINE)
    with local_kfp(root / ".mlops/kfp", root / ".mlops/images") as url:
        os.environ["KUBEFLOW_HOST"] = url
        yield root
        del os.environ["KUBEFLOW_HOST"]


@pytest.fixture
def compiled(judging: Path, tmp_path: Path) -> Path:
    images = {name: image.reference for name, image in stage_all(WorkTree(judging)).items()}
    path = tmp_path / "evaluation.yaml"
    path.write_text(compile_pipeline(judging, "evaluation", images))
    return path


@pytest.fixture
def client(judging: Path) -> Client:
    return open_client(os.environ["KUBEFLOW_HOST"])


def detached(judging: Path, compiled: Path, pull_request: PullRequest, seconds: str) -> dict:
    parameters = {"seconds": seconds, "verdict": PASSED}
    with pytest.raises(Finding, match="it goes on without us"):
        pull_request_run.judge(judging, pull_request, compiled, parameters, "", minutes=0)
    return json.loads((compiled.parent / "detached.json").read_text())


def test_a_long_run_is_left_going_then_followed_and_then_read(
    judging: Path, compiled: Path, client: Client
) -> None:
    left = detached(judging, compiled, OLD, seconds="1")
    assert (left["run_name"], left["sha"], left["pull_request"]) == ("pr-12-aaaaaaaaaaaa", OLD.sha, 12)
    assert left["host"] == client.host and left["results_uri"].startswith((compiled.parent).as_uri())

    asked = {"seconds": "1", "verdict": PASSED}
    followed = pull_request_run.judge(judging, OLD, compiled, asked, "")
    read = pull_request_run.judge(judging, OLD, compiled, asked, "")

    assert followed == read == json.loads(PASSED)
    assert json.loads((compiled.parent / "verdict.json").read_text()) == read
    assert not (compiled.parent / "detached.json").exists()
    assert [run.id for run in runs.find(client, "pr-12")] == [left["run_id"]]


def test_another_champion_is_another_question(judging: Path, compiled: Path, client: Client) -> None:
    asked = {"seconds": "0", "verdict": PASSED}
    other = PullRequest(13, OLD.sha)
    for about in ("champion 1", "champion 2"):
        pull_request_run.judge(judging, other, compiled, asked, about)
    assert len(runs.find(client, "pr-13")) == 2


def test_a_run_for_an_older_commit_is_ended_and_those_of_others_go_on(
    judging: Path, compiled: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    old = detached(judging, compiled, OLD, seconds="60")
    other = detached(judging, compiled, PullRequest(123, OLD.sha), seconds="60")

    pull_request_run.judge(judging, NEW, compiled, {"seconds": "0", "verdict": PASSED}, "")

    assert runs.read_run(client, old["run_id"]).state == "FAILED"
    assert runs.read_run(client, other["run_id"]).state == "RUNNING"
    assert f"run {old['run_id']}, pr-12-aaaaaaaaaaaa, is of another state" in capsys.readouterr().out
    runs.terminate(client, other["run_id"])


def test_a_broken_run_is_no_verdict_and_is_started_again(
    judging: Path, compiled: Path, client: Client
) -> None:
    broken = PullRequest(14, OLD.sha)
    for _ in range(2):
        with pytest.raises(NoVerdict, match="I broke") as caught:
            pull_request_run.judge(judging, broken, compiled, {"seconds": "0", "verdict": ""}, "")
        assert caught.value.broken == ["judge"]
    assert len(runs.find(client, "pr-14")) == 2


def test_an_interrupted_gate_takes_along_the_run_that_it_found(
    judging: Path, compiled: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = detached(judging, compiled, PullRequest(15, OLD.sha), seconds="60")
    begun = time.monotonic()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pull_request_run, "Progress", lambda: interrupt)
    with pytest.raises(KeyboardInterrupt):
        pull_request_run.judge(
            judging, PullRequest(15, OLD.sha), compiled, {"seconds": "60", "verdict": PASSED}, ""
        )

    assert runs.read_run(client, left["run_id"]).state == "FAILED"
    assert time.monotonic() - begun < 30


def test_a_run_that_is_being_cancelled_is_not_waited_for(
    judging: Path, compiled: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a job is cancelled and run again at once."""
    asked, pull_request = {"seconds": "0", "verdict": PASSED}, PullRequest(16, OLD.sha)
    pull_request_run.judge(judging, pull_request, compiled, asked, "")
    ending = [replace(run, state="CANCELING") for run in runs.find(client, "pr-16")]
    monkeypatch.setattr(runs, "find", lambda *_: ending)
    pull_request_run.judge(judging, pull_request, compiled, asked, "")
    monkeypatch.undo()
    assert len(runs.find(client, "pr-16")) == 2


def test_a_run_that_its_cluster_forgot_is_replaced(
    judging: Path,
    compiled: Path,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = detached(judging, compiled, PullRequest(17, OLD.sha), seconds="60")
    monkeypatch.setattr(runs, "is_forgotten", lambda run: run.id == left["run_id"])
    second = detached(judging, compiled, PullRequest(17, OLD.sha), seconds="60")
    assert second["run_id"] != left["run_id"]
    assert f"run {left['run_id']}, pr-17-{OLD.sha[:12]}: RUNNING without progress" in capsys.readouterr().out
    for each in (left, second):
        runs.terminate(client, each["run_id"])
