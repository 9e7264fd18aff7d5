"""Tests of scripts/ci/resume_gates.py: a gate that left its run going is run again when that has ended."""

import pytest

from engine.command_line import WorldError
from engine.github.api import GitHub
from engine.tests.scripts.kubeflow import Kubeflow
from scripts.ci.resume_gates import PERMISSIONS

GRANTED = {name.replace("-", "_"): level for name, level in PERMISSIONS.items()}
SHAS = {number: f"{number:040x}" for number in (1, 2, 3, 4, 5, 6)}


@pytest.fixture(autouse=True)
def gates_workflow(github_api) -> None:
    github_api.workflows["gates.yml"] = set()


@pytest.fixture
def resume(call, tmp_path, kubeflow: Kubeflow, github_api):
    def run():
        granted = github_api.environment(**GRANTED)
        return call(tmp_path, "resume_gates", KUBEFLOW_HOST=kubeflow.url, **granted)

    return run


def test_only_a_gate_whose_run_has_ended_is_run_again_and_only_once(resume, kubeflow, github_api):
    version = kubeflow.upload("pr-1-evaluation")
    pending = {1: "succeed", 2: "hang", 3: "fail"}
    actions = {number: github_api.add_run(sha, conclusion="failure") for number, sha in SHAS.items()}
    for number, sha in SHAS.items():
        github_api.add_pull(number, sha, state="closed" if number == 6 else "open")
        github_api.add_status(sha, "gate", "pending", "the run goes on")
        if number in pending:
            kubeflow.start(version, f"pr-{number}-{sha[:12]}", pending[number])
    kubeflow.start(version, "pr-4-ffffffffffff")  # of a commit before this one
    github_api.add_run(SHAS[1], conclusion="skipped")  # for a new title
    github_api.add_status(SHAS[5], "gate", "success", "BETTER")
    done = resume()
    assert (done.status, done.printed.splitlines()) == (
        0,
        [
            "pull request 4: has no run on this endpoint",
            "pull request 3: its run has ended, and its failed jobs run again",
            "pull request 2: its run goes on",
            "pull request 1: its run has ended, and its failed jobs run again",
        ],
    )
    assert sorted(github_api.reruns) == [actions[1]["id"], actions[3]["id"]]
    resume()  # while they run
    assert len(github_api.reruns) == 2
    assert github_api.disabled == set(), "2 goes on"


def test_a_gate_that_github_refuses_to_rerun_stops_no_other(resume, kubeflow, github_api, monkeypatch):
    version = kubeflow.upload("pr-1-evaluation")
    for number in (1, 2):
        github_api.add_pull(number, SHAS[number])
        github_api.add_status(SHAS[number], "gate", "pending", "the run goes on")
        github_api.add_run(SHAS[number], conclusion="failure")
        kubeflow.start(version, f"pr-{number}-{SHAS[number][:12]}")
    real, asked = GitHub.post, []

    def refuse_the_first(self, *pieces, **options):
        asked.append(pieces)
        if len(asked) == 1:
            raise WorldError("too old to run again")
        return real(self, *pieces, **options)

    monkeypatch.setattr(GitHub, "post", refuse_the_first)
    done = resume()
    assert (done.status, done.error) == (3, "error: pull request 2: too old to run again\n")
    assert len(github_api.reruns) == 1


def test_resume_gates_without_pending_gates_never_calls_the_endpoint(call, tmp_path, github_api):
    github_api.add_pull(1, SHAS[1])
    granted = github_api.environment(**GRANTED)
    done = call(tmp_path, "resume_gates", KUBEFLOW_HOST="http://127.0.0.1:9", **granted)
    assert done.status == 0, done.error
    assert done.printed == "no gate waits for its run\ngates.yml is disabled until a gate waits\n"
    assert github_api.disabled == {"gates.yml"}


def test_gates_is_disabled_without_an_endpoint(call, tmp_path, github_api):
    github_api.add_pull(1, SHAS[1])
    github_api.add_status(SHAS[1], "gate", "pending", "a maintainer has to approve the run first")
    granted = github_api.environment(**GRANTED)
    done = call(tmp_path, "resume_gates", KUBEFLOW_HOST="", **granted)
    assert (done.status, done.outputs) == (0, {"endpoint": "false"})
    assert github_api.disabled == {"gates.yml"}


def test_gates_is_disabled_when_the_last_gate_is_run_again(resume, kubeflow, github_api):
    github_api.add_pull(1, SHAS[1])
    github_api.add_run(SHAS[1], conclusion="failure")
    github_api.add_status(SHAS[1], "gate", "pending", "the run goes on")
    kubeflow.start(kubeflow.upload("pr-1-evaluation"), f"pr-1-{SHAS[1][:12]}")
    done = resume()
    assert done.outputs == {"endpoint": "true"}
    assert (len(github_api.reruns), github_api.disabled) == (1, {"gates.yml"})


def test_a_gate_that_becomes_pending_meanwhile_keeps_it_enabled(resume, github_api, monkeypatch):
    real = GitHub.put

    def report_at_this_moment(self, *pieces):
        github_api.add_pull(1, SHAS[1])
        github_api.add_status(SHAS[1], "gate", "pending", "the run goes on")
        real(self, *pieces)

    monkeypatch.setattr(GitHub, "put", report_at_this_moment)
    done = resume()
    assert done.printed.splitlines()[1:] == [
        "gates.yml is disabled until a gate waits",
        "gates.yml is enabled: a gate began to wait",
    ]
    assert github_api.disabled == set()
