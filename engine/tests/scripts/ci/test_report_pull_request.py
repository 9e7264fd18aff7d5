"""A pull request shows what its run found, once and in place; foreign text stays text."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.github.acceptance import BOT, CONTEXT
from engine.github.outcome import Outcome
from engine.github.sticky_comment import MARK
from engine.judging.verdict_document import judge
from engine.reporting.markdown import RunContext
from engine.tests.questions import probability, question
from engine.tests.scripts.steps import Call
from engine.tests.standins.github_api import GitHubApi
from scripts.ci.report_pull_request import PERMISSIONS, comment, run_context, status_line

SHA, OLD = "ab" * 20, "cd" * 20
GOOD, POOR = probability(), probability(noise=4.0)
WON, _ = judge(question(GOOD, control=POOR, champion=POOR))
LOST, _ = judge(question(POOR, control=GOOD))
JOBS = {"plan": "success", "checks / tests": "success", "build train_model": "success"}
HOSTILE = (
    "</details><script>x</script>![i](http://e/i.png)[l](javascript:x)@you #1 GH-2 www.e.com ` | ``` "
    "\n::set-output name=a::b\n::add-mask::%0A##[group]$(id) --> **b** \x1b[31m"
)
Report = Callable[..., Call]


@pytest.fixture
def report(github_api: GitHubApi, call: Callable[..., Call], tmp_path: Path) -> Report:
    """Call it with what the run left, how its jobs ended, and what is different about the run."""
    github_api.add_pull(12, SHA)
    github_api.workflows["gates.yml"] = set()

    def tell(
        verdict: Any = None,
        gate: str | None = "success",
        ended: str = "success",
        jobs: dict[str, str] = JOBS,
        announced: str = "",
        **about: Any,
    ) -> Call:
        run = github_api.add_run(SHA, conclusion=ended, **about)
        github_api.add_jobs(run["id"], **jobs, **({"gate": gate} if gate else {}))
        summary = "success" if ended == "success" else "failure"
        github_api.add_jobs(run["id"], **{"ci-passed": summary})
        folder = tmp_path / "verdict"
        folder.mkdir(exist_ok=True)
        if verdict is not None:
            text = verdict if isinstance(verdict, str) else json.dumps(verdict)
            (folder / "verdict.json").write_text(text)
            if gate:
                page = f"{run['html_url']}/artifacts/{github_api.new_id()}"
                digest = announced or f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
                github_api.annotate(run["id"], "gate", verdict=digest, report=page)
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"workflow_run": run}))
        variables = github_api.environment(**PERMISSIONS) | {"GITHUB_EVENT_PATH": str(event)}
        return call(tmp_path, "report_pull_request", folder, **variables)

    return tell


def only_comment(api: GitHubApi) -> str:
    (found,) = api.comments[12]
    return found["body"]


def test_a_passed_gate_sets_status_and_comment(report: Report, github_api: GitHubApi):
    github_api.add_status(SHA, CONTEXT, "success", "accepted by bob: before it got better")
    done = report(WON)
    status = github_api.statuses[SHA][0]
    assert done.status == 0, done.error
    assert "accepted by" not in only_comment(github_api) + status["description"]
    assert only_comment(github_api).startswith(f"{MARK}\n## ✅ BETTER, passes\n")
    assert (status["state"], status["context"]) == ("success", "gate")
    assert status["description"].startswith("BETTER: ROC AUC is better than the")
    assert re.fullmatch(
        r"https://github\.com/you/flight-delays/actions/runs/\d+/artifacts/\d+", status["target_url"]
    )
    assert status["target_url"] in only_comment(github_api)


def test_a_verdict_that_the_gate_did_not_announce_is_not_believed(report: Report, github_api: GitHubApi):
    """Any job of a run can replace its artifacts, and checks runs the change's code."""
    report(WON, announced=f"sha256:{'0' * 64}")
    assert github_api.statuses[SHA][0]["state"] == "error"
    assert "expected the verdict that the gate announced" in only_comment(github_api)
    assert "BETTER" not in only_comment(github_api)


def test_a_verdict_that_another_job_announces_is_ignored(
    report: Report, github_api: GitHubApi, tmp_path: Path
):
    digest = f"sha256:{hashlib.sha256(json.dumps(WON).encode()).hexdigest()}"
    add_jobs = github_api.add_jobs

    def add_and_announce(run_id: int, **conclusions: str | None) -> None:
        add_jobs(run_id, **conclusions)
        if "plan" in conclusions:
            github_api.annotate(run_id, "checks / tests", verdict=digest, report="https://elsewhere.example/")

    github_api.add_jobs = add_and_announce
    report(WON, announced="sha256:")
    assert github_api.statuses[SHA][0]["state"] == "error"
    assert "elsewhere" not in only_comment(github_api)


def test_no_verdict_of_a_gate_that_announces_two_is_believed(report: Report, github_api: GitHubApi):
    annotate = github_api.annotate

    def annotate_twice(run_id: int, job: str, **announced: str) -> None:
        annotate(run_id, job, verdict=f"sha256:{'0' * 64}")
        annotate(run_id, job, **announced)

    github_api.annotate = annotate_twice
    report(WON)
    assert github_api.statuses[SHA][0]["state"] == "error"
    assert "BETTER" not in only_comment(github_api)


def test_the_comment_is_updated_in_place(report: Report, github_api: GitHubApi):
    for number in range(130):
        github_api.add_comment(12, f"{MARK}\nnot ours, number {number}", by="ann")
    report(LOST, gate="failure", ended="failure")
    assert github_api.comments[12][-1]["user"]["login"] == BOT
    done = report(WON)
    assert "the comment on #12 is updated" in done.printed
    assert len(github_api.comments[12]) == 131
    assert "BETTER" in github_api.comments[12][-1]["body"]
    assert all("not ours" in each["body"] for each in github_api.comments[12][:-1])


def test_a_lost_gate_sets_status_and_comment(report: Report, github_api: GitHubApi):
    report(LOST, gate="failure", ended="failure")
    assert "## ❌ WORSE, does not pass\n" in only_comment(github_api)
    assert github_api.statuses[SHA][0]["state"] == "failure"
    assert len(github_api.statuses[SHA][0]["description"]) == 140


def test_a_gate_that_lost_against_another_branch_is_no_second_failure(report: Report, github_api: GitHubApi):
    report(LOST, gate="failure", ended="failure", jobs=JOBS | {"ci-passed for release-1": "failure"})
    assert github_api.statuses[SHA][0]["description"].startswith("WORSE: ")


def test_an_accepted_regression_sets_a_passing_status(report: Report, github_api: GitHubApi):
    github_api.add_status(SHA, CONTEXT, "success", "accepted by bob: smaller is worth it")
    report(LOST)
    assert "## ☑️ WORSE, accepted\n" in only_comment(github_api)
    status = github_api.statuses[SHA][0]
    assert (status["state"], status["description"]) == (
        "success",
        "WORSE, accepted by bob: smaller is worth it",
    )


@pytest.mark.parametrize(
    ("left", "gate", "ended", "state", "line"),
    [
        ({}, None, "success", "success", "so there is nothing to gate"),
        ({}, "skipped", "success", "success", "so there is nothing to gate"),
        ({}, "success", "success", "error", "The gate succeeded, and left no verdict."),
        ({}, "failure", "failure", "failure", "There is no verdict, because gate failed."),
        ({}, "cancelled", "cancelled", "error", "cancelled before there was a verdict"),
        ({}, None, "action_required", "pending", "A maintainer has to approve the run first."),
        ({"detached.json": "{}"}, "failure", "failure", "pending", "The gate goes on on Kubeflow"),
        ({"verdict.json": "{}"}, "success", "success", "error", "no verdict that can be used"),
    ],
)
def test_a_gate_without_a_verdict_gets_a_status_and_a_comment(
    report: Report, github_api: GitHubApi, tmp_path: Path, left, gate, ended, state, line
):
    for name, text in left.items():
        (tmp_path / "verdict").mkdir(exist_ok=True)
        (tmp_path / "verdict" / name).write_text(text)
    done = report(gate=gate, ended=ended)
    assert done.status == 0, done.error
    assert github_api.statuses[SHA][0]["state"] == state
    assert line in github_api.statuses[SHA][0]["description"]
    assert line in only_comment(github_api)


def test_a_gate_that_goes_on_enables_gates_once_its_status_is_pending(
    report: Report, github_api: GitHubApi, tmp_path: Path
):
    github_api.disabled = {"gates.yml"}
    report(WON)
    assert github_api.disabled == {"gates.yml"}
    (tmp_path / "verdict/verdict.json").unlink()
    (tmp_path / "verdict/detached.json").write_text("{}")
    for printed in ("gates.yml is enabled until this gate has a verdict\n", ""):
        done = report(gate="failure", ended="failure")
        assert done.printed.endswith(f"pending: {github_api.statuses[SHA][0]['description']}\n{printed}")
        assert github_api.disabled == set()
    (enabled,) = github_api.called("PUT")
    before = github_api.calls[: github_api.calls.index(enabled)]
    assert [call.body["state"] for call in before if call.path.endswith(f"statuses/{SHA}")][-1] == "pending"


def test_the_jobs_that_failed_are_named(report: Report, github_api: GitHubApi):
    jobs = {"plan": "success", "build score_model": "failure", "checks / lint": "timed_out"}
    report(gate="skipped", ended="failure", jobs=jobs)
    expected = "There is no verdict, because build score_model, checks / lint failed."
    assert github_api.statuses[SHA][0]["description"] == expected


@pytest.mark.parametrize(
    ("verdict", "gate", "ended", "but"),
    [
        (WON, "failure", "failure", "BETTER, but the job gate failed: "),
        (WON, "success", "cancelled", "BETTER, but the run ended as cancelled: "),
        (LOST, "success", "success", "WORSE, but the run succeeded, which is no pass: "),
    ],
)
def test_a_verdict_that_the_run_belies_is_no_success(report: Report, github_api, verdict, gate, ended, but):
    report(verdict, gate=gate, ended=ended)
    status = github_api.statuses[SHA][0]
    assert status["state"] == "failure"
    assert status["description"].startswith(but)
    assert f"> ⚠️ But {but.partition('but ')[2].removesuffix(': ')}.\n" in only_comment(github_api)


def test_judging_files_are_listed_from_the_changed_files_of_github(report: Report, github_api: GitHubApi):
    github_api.files[12] = [
        {"filename": "components/train_model/main.py", "status": "modified"},
        {"filename": "components/train_model/component.py", "status": "modified"},
        {"filename": "engine/judging/decision.py", "status": "modified"},
        {"filename": "docs/gate.py", "previous_filename": "scripts/gate.py", "status": "renamed"},
        {"filename": ".github/workflows/pr.yml", "status": "modified"},
        {"filename": "README.md", "status": "modified"},
        {"filename": "mlops.yaml", "status": "modified"},
        {"filename": f"pipelines/{HOSTILE}.py", "status": "added"},
    ]
    report(WON | {"provenance": {"judges": {"compare_models": "none"}}})
    said = only_comment(github_api)
    assert "GitHub runs this pull request's own `.github/workflows/pr.yml`:" in said
    judges = re.search(r"Counts after the merge only: (.*)", said)[1]
    named = [path.partition("/")[0] + path[-11:] for path in re.findall(r"`([^`]+)`", judges)]
    assert len(named) == 5
    assert judges.endswith(", `mlops.yaml` but for the model's data, features and training")
    assert "`scripts/gate.py`" in judges
    assert "README" not in judges
    assert "train_model/main.py" not in judges


@pytest.mark.parametrize(
    "about",
    [
        {"head_branch": "another"},
        {"head_sha": OLD},
        {"head_repository": {"full_name": "you/other", "owner": {"login": "you"}}},
        {"head_repository": None},
        {"event": "merge_group"},
        {"path": ".github/workflows/pr-too.yml"},
        {"pull_requests": [{"number": 13}]},
        {"ended": "skipped"},
    ],
    ids=str,
)
def test_a_run_of_something_else_is_not_reported(
    report: Report, github_api: GitHubApi, about: dict[str, Any]
):
    done = report(WON, **about)
    assert (done.status, done.printed.count("\n")) == (0, 1)
    assert done.printed.startswith("nothing to report: ")
    assert not github_api.comments[12]
    assert not github_api.statuses


def test_a_forks_pull_request_is_found_by_owner_and_branch(report: Report, github_api: GitHubApi):
    github_api.add_pull(13, SHA, owner="eve")
    fork = {"full_name": "eve/flight-delays", "owner": {"login": "eve"}}
    assert report(WON, head_repository=fork).status == 0
    assert not github_api.comments[12]
    assert len(github_api.comments[13]) == 1


def test_a_forged_verdict_is_reported_in_one_line(report: Report, github_api: GitHubApi):
    forged = WON | {"verdict": HOSTILE}
    done = report(forged)
    assert done.status == 0
    assert github_api.statuses[SHA][0]["state"] == "error"
    lines = only_comment(github_api).splitlines()
    assert len([line for line in lines if "expected a verdict in verdict.json" in line]) == 1
    assert not re.search(r"::|##\[|\x1b", done.printed + done.error)


def test_nothing_is_written_without_the_right_event(call, github_api: GitHubApi, tmp_path: Path):
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {}}')
    variables = github_api.environment(**PERMISSIONS) | {"GITHUB_EVENT_PATH": str(event)}
    done = call(tmp_path, "report_pull_request", tmp_path, **variables)
    assert (done.status, github_api.calls) == (2, [])
    assert "expected a file with the event workflow_run, found" in done.error


WORDS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*re.findall(r"\S+", HOSTILE), *"\n`|-", "<!--", "1. x"]), max_size=6).map(
        "".join
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, WORDS, WORDS)
def test_hostile_texts_of_a_verdict_are_plain_text(reason: str, name: str, path: str):
    control = LOST["comparisons"][-1]
    forged = LOST | {
        "reason": reason or "?",
        "comparisons": [control | {"slices": [control["slices"][0] | {"column": name, "value": reason}]}],
        "warnings": [{"message": name}],
        "provenance": {name: {reason: path}, "title": path, "changed": [reason, path]},
    }
    context: RunContext = {
        "accepted": reason,
        "but": name,
        "links": [("run", "https://github.com/you")],
        "sha": SHA,
        "workflows": [path],
        "judges": [path, name],
        "settings": name,
    }
    outcome = Outcome("error", "❌", "No verdict", f"{name}{reason}{path}")
    for text in (comment(forged, outcome, context), comment(None, outcome, context)):
        plain(text)
    assert len(status_line(reason + name)) <= 140
    assert not re.search(r"::|##\[|[\x00-\x1f]|[^\u0000-\uffff]", status_line(reason + name))


def plain(text: str) -> None:
    """What is left beside our own markup has no effect."""
    assert not re.search(r"::|##\[|[\x00-\x09\x0b-\x1f\x7f]", text)
    assert len(text.encode()) < 64_000
    ours = r"```text\n.*?\n```|(?<!\\)`[^`\n]*`|</?details>(<summary>\w+</summary>)?|^\*\*.*\*\*$|&nbsp;|^> "
    outside = re.sub(
        ours + r"|\[run\]\(<https://github\.com/you>\)|^\|[-:|]+\|$", "", text, flags=re.DOTALL | re.MULTILINE
    )
    assert not re.search(r"<|(?<!\\)[\[\]*_`~]|@\w|#\d|GH-\d|www\.|://", outside), outside
    assert not re.search(r"^(- )?(---+$|\d+\. |    )", outside, re.MULTILINE), outside


def test_a_long_verdict_stays_short_enough():
    long = LOST | {"reason": "long " * 20_000, "warnings": [{"message": "w" * 3000}] * 100}
    outcome = Outcome("failure")
    said = comment(long, outcome, run_context(outcome, None, [], SHA, []))
    assert said.startswith("## ❌ WORSE, does not pass\n")
    assert said.endswith("The rest is in report.html.\n")
    assert len(said.encode()) < 64_000
