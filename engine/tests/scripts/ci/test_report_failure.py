"""A workflow that fails has one issue, however often and however many at once, until it succeeds."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.github.acceptance import BOT
from engine.github.failure_issue import LABEL, mark
from engine.tests.scripts.steps import Call
from engine.tests.standins.github_api import GitHubApi
from scripts.ci.report_failure import PERMISSIONS

SHA = "ab" * 20
HOSTILE = "a --><script>x</script> @you [l](http://e) `c` | \n::error::y"
Report = Callable[..., Call]


@pytest.fixture
def report(github_api: GitHubApi, call: Callable[..., Call], tmp_path: Path) -> Report:
    """Call it with a workflow; it is a new run of it each time, unless asked otherwise."""

    def tell(workflow: str, *flags: str, run: int = 0, attempt: int = 1, branch: str = "main") -> Call:
        if not run:
            run = github_api.add_run(SHA, workflow, "failure", event="schedule", head_branch=branch)["id"]
            github_api.add_jobs(run, **{"plan": "success", f"staging {workflow}": "failure", "report": None})
        about = {"GITHUB_RUN_ID": str(run), "GITHUB_RUN_ATTEMPT": str(attempt)}
        variables = github_api.environment(**PERMISSIONS) | about
        done = call(tmp_path, "report_failure", workflow, *flags, **variables)
        assert done.status == 0, done.error
        return done

    return tell


def opened(api: GitHubApi) -> list[dict]:
    return [issue for issue in api.issues.values() if issue["state"] == "open"]


def test_failures_are_counted_in_one_issue_until_one_run_succeeds(report: Report, github_api: GitHubApi):
    github_api.add_pull(1, SHA, author=BOT)
    for _ in range(3):
        report("delivery")
    (issue,) = opened(github_api)
    assert issue["title"] == "The workflow delivery fails"
    assert "**delivery** failed 3 times in a row" in issue["body"]
    assert "staging delivery](" in issue["body"]
    assert "plan" not in issue["body"]
    assert f"actions/runs/{max(github_api.runs)}>" in issue["body"]
    assert [label["name"] for label in issue["labels"]] == [LABEL]
    report("delivery", "--recovered")
    assert not opened(github_api)
    report("delivery", "--recovered")
    report("delivery")
    assert len(github_api.issues) == 2
    assert "failed once" in opened(github_api)[0]["body"]


def test_the_issue_has_the_details_of_the_run_up_to_the_limit(report: Report, github_api, tmp_path: Path):
    for name, text in (("training/report.md", "# It lost\n"), ("z.md", "x" * 70_000), ("verdict.json", "{}")):
        (tmp_path / "details" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "details" / name).write_text(text)
    report("training", "--details", str(tmp_path / "details"))
    (issue,) = opened(github_api)
    assert "closes this.\n\n\n# It lost\n\nxxx" in issue["body"]
    assert issue["body"].endswith("xxx\n\n(cut here: the run has all of it)\n")
    report("training", "--details", str(tmp_path / "none"))
    assert "It lost" not in opened(github_api)[0]["body"]


def test_each_workflow_has_an_issue_of_its_own(report: Report, github_api: GitHubApi):
    report("delivery")
    report("cleanup")
    report("cleanup", "--recovered")
    assert [issue["title"] for issue in opened(github_api)] == ["The workflow delivery fails"]


def test_the_same_attempt_counts_once(report: Report, github_api: GitHubApi):
    report("delivery")
    run = max(github_api.runs)
    report("delivery", run=run)
    assert "failed once" in opened(github_api)[0]["body"]
    report("delivery", run=run, attempt=2)
    assert "failed 2 times" in opened(github_api)[0]["body"]


def test_an_older_run_proves_nothing(report: Report, github_api: GitHubApi):
    older = github_api.add_run(SHA, "delivery.yml", "success")["id"]
    report("delivery")
    assert "stays open: a newer run failed" in report("delivery", "--recovered", run=older).printed
    assert opened(github_api)


def test_of_two_issues_opened_at_once_the_older_stays(report: Report, github_api: GitHubApi):
    answer = github_api.answer

    def hurried(asked):
        if asked.method == "POST" and asked.path.endswith("/issues"):
            github_api.add_issue("The workflow delivery fails", mark("delivery", 1, (7, 1)) + "meanwhile")
        return answer(asked)

    github_api.answer = hurried
    report("delivery")
    assert len(github_api.issues) == 2
    assert [issue["body"].endswith("meanwhile") for issue in opened(github_api)] == [True]


def test_two_issues_opened_at_once_become_one(report: Report, github_api: GitHubApi):
    for run in (7, 8):
        github_api.add_issue("The workflow delivery fails", mark("delivery", 1, (run, 1)))
    report("delivery")
    (issue,) = opened(github_api)
    assert issue["number"] == min(github_api.issues)
    assert "failed 3 times" in issue["body"]


def test_an_issue_of_another_person_is_left_alone(report: Report, github_api: GitHubApi):
    github_api.add_issue("mine", mark("delivery", 1, (7, 1)), by="ann")
    report("delivery")
    report("delivery", "--recovered")
    assert [issue["title"] for issue in opened(github_api)] == ["mine"]


def test_a_strangers_words_are_plain_text(report: Report, github_api: GitHubApi):
    done = report(HOSTILE, branch=HOSTILE)
    (issue,) = opened(github_api)
    hidden, _, shown = issue["body"].partition("\n")
    assert re.fullmatch(r"<!-- kubeflow-ci-cd-ct: failed [0-9a-f]+, 1 times, last \d+/1 -->", hidden)
    outside = re.sub(r"(?<!\\)`[^`\n]*`|(?<!\\)\[|\]\(<https://github\.com/[\w/-]+>\)|\*\*", "", shown)
    assert not re.search(r"<|(?<!\\)[\]*_`~]|@\w|://|::", outside), outside
    assert "::" not in issue["title"] + done.printed
    report(HOSTILE, "--recovered")
    assert not opened(github_api)
