"""report.yml: from the run that ended to the comment and the status, with the default branch's code."""

import hashlib
import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from engine.judging.verdict_document import judge
from engine.tests.questions import probability, question
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.granted import granted
from engine.tests.workflows.origin import FORK, REPOSITORY

SHA = "ab" * 20


@pytest.fixture(scope="module")
def github(on_github: Callable[..., Runner]) -> Runner:
    return on_github()


@pytest.fixture
def report(github: Runner, github_api: GitHubApi) -> Callable[..., Run]:
    """Call it with the conclusion of a run of pr.yml, and the files of its artifact `verdict`."""
    github_api.add_pull(12, SHA)

    def tell(conclusion: str, repository: dict[str, Any] = REPOSITORY, **files: str) -> Run:
        ended = github_api.add_run(SHA, conclusion=conclusion, head_repository=repository)
        gate = "skipped" if not files else conclusion
        github_api.add_jobs(ended["id"], plan="success", gate=gate, **{"ci-passed": conclusion})
        if "verdict" in files:
            digest = hashlib.sha256(files["verdict"].encode()).hexdigest()
            github_api.annotate(ended["id"], "gate", verdict=f"sha256:{digest}")
        kept = github.origin.folder / f"artifacts/{ended['id']}/verdict"
        shutil.rmtree(kept, ignore_errors=True)  # of another test, whose runs had the same numbers
        for name, text in files.items():
            (kept / "files").mkdir(parents=True, exist_ok=True)
            (kept / f"files/{name}.json").write_text(text)
            described = {"id": 1, "name": "verdict", "archive": True, "digest": "0" * 64}
            (kept / "artifact.json").write_text(json.dumps(described))
        event = github.origin.on_main("workflow_run", {"action": "completed", "workflow_run": ended})
        return github.run("report.yml", event, **granted(github_api, "report/report"))

    return tell


def test_a_forks_verdict_becomes_one_comment_and_one_status(report, github_api: GitHubApi) -> None:
    """Of a fork, the event names no pull request; and 12 is ours, at the same commit."""
    lost, _ = judge(question(probability(noise=4.0), control=probability()))
    github_api.add_pull(13, SHA, owner="eve", author="eve")

    run = report("failure", repository=FORK, verdict=json.dumps(lost))

    assert run.results == {"report": "success"}, run.printed
    assert not github_api.comments[12]
    (comment,) = github_api.comments[13]
    assert "WORSE" in comment["body"]
    assert (github_api.statuses[SHA][0]["context"], github_api.statuses[SHA][0]["state"]) == (
        "gate",
        "failure",
    )


def test_a_run_that_left_no_verdict_is_reported_too(report, github_api: GitHubApi) -> None:
    run = report("success")

    assert run.results == {"report": "success"}, run.printed
    assert len(github_api.comments[12]) == 1
    assert github_api.statuses[SHA][0]["state"] == "success"


def test_a_gate_that_goes_on_enables_the_workflow_that_ends_it(report, github_api: GitHubApi) -> None:
    github_api.workflows["gates.yml"] = set()
    github_api.disabled = {"gates.yml"}

    run = report("failure", detached="{}")

    assert run.results == {"report": "success"}, run.printed
    assert github_api.statuses[SHA][0]["state"] == "pending"
    assert github_api.disabled == set()


def test_a_forged_verdict_is_no_success(report, github_api: GitHubApi) -> None:
    run = report("success", verdict='{"passed": true, "reason": "::error::<script>"}')

    assert run.results == {"report": "success"}, run.printed
    assert github_api.statuses[SHA][0]["state"] != "success"
    assert "<script>" not in github_api.comments[12][0]["body"]
