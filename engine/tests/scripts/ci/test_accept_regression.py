"""A regression is accepted by another person with write access, for the exact head, and only once."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.github.acceptance import ALONE, LONGEST_REASON, accepted_regression
from engine.github.api import GitHub
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.scripts.steps import Call
from engine.tests.standins.github_api import GitHubApi
from scripts.ci.accept_regression import PERMISSIONS

SHA, OLD = "ab" * 20, "cd" * 20
REASON = "smaller is worth it"
Accept = Callable[..., Call]


@pytest.fixture
def accept(github_api: GitHubApi, call: Callable[..., Call], tmp_path: Path) -> Accept:
    """Call it with what is different from bob's accepting what ann has made, after its gate lost."""
    (tmp_path / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    github_api.add_pull(12, SHA, author="ann")
    github_api.permissions |= {"ann": "admin", "bob": "write", "eve": "triage", "max": "maintain"}
    github_api.add_run(SHA, conclusion="failure")

    def ask(sha: str = SHA, reason: str = REASON, number: int = 12, **variables: str) -> Call:
        said = github_api.environment(**PERMISSIONS) | {"GITHUB_ACTOR": "bob", "MODEL_REGISTRY_URI": ""}
        words = ("accept_regression", str(number), "--sha", sha, "--reason", reason)
        return call(tmp_path, *words, **(said | variables))

    return ask


def accepted(api: GitHubApi) -> str | None:
    return accepted_regression(GitHub(api.environment(statuses="read")), SHA)


def test_an_accepted_regression_is_recorded_and_its_gate_runs_again(
    accept: Accept, github_api: GitHubApi, tmp_path: Path
):
    registry = (tmp_path / "registry").as_uri()
    done = accept(MODEL_REGISTRY_URI=registry)
    assert done.status == 0, done.error
    assert accepted(github_api) == f"accepted by bob: {REASON}"
    entry = ModelRegistry(registry, "flight-delays").accept(SHA, "?", "?", 0)
    assert (entry["by"], entry["reason"], entry["pull_request"]) == ("bob", REASON, 12)
    assert github_api.reruns == [max(github_api.runs)]
    assert f"is accepted by bob: {REASON}" in done.printed


def test_acceptance_without_a_model_registry_reports_a_missing_ledger(accept: Accept, github_api: GitHubApi):
    done = accept()
    assert done.status == 0, done.error
    assert "MODEL_REGISTRY_URI is not set: there is no ledger" in done.printed
    assert accepted(github_api)


def test_the_longest_reason_fits_a_status(accept: Accept, github_api: GitHubApi):
    login = "m" * 39
    github_api.permissions[login] = "write"
    assert accept(reason="r" * LONGEST_REASON, GITHUB_ACTOR=login).status == 0
    assert accepted(github_api) == f"accepted by {login}: {'r' * LONGEST_REASON}"


@pytest.mark.parametrize("broken", ["statuses", "rerun-failed-jobs"])
def test_an_interruption_is_healed_by_another_call(accept: Accept, github_api: GitHubApi, tmp_path, broken):
    registry = {"MODEL_REGISTRY_URI": (tmp_path / "registry").as_uri()}
    answer = github_api.answer
    github_api.answer = lambda asked: (
        (500, {"message": "gone"}, {}) if asked.method == "POST" and broken in asked.path else answer(asked)
    )
    assert accept(**registry).status == 3
    github_api.answer = answer
    github_api.permissions["carl"] = "write"
    for _ in range(2):
        assert accept(reason="another", GITHUB_ACTOR="carl", **registry).status == 0
    assert accepted(github_api) == f"accepted by bob: {REASON}"
    assert len(github_api.statuses[SHA]) == 1
    assert len(github_api.reruns) == 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"GITHUB_ACTOR": "eve"}, "eve: expected a person with write access, found read"),
        ({"GITHUB_ACTOR": "zoe"}, "zoe: expected a person with write access, found none"),
        (
            {"GITHUB_ACTOR": "ann"},
            "ann opened the pull request: another person has to accept it, such as",
        ),
        ({"GITHUB_ACTOR": "ANN"}, "expected a person with write access"),
        ({"GITHUB_TRIGGERING_ACTOR": "ann"}, "ann opened the pull request"),
        ({"sha": OLD}, f"#12: expected its head to be {OLD}, found {SHA}"),
        ({"number": 13}, "404 Not Found"),
    ],
    ids=str,
)
def test_a_person_without_the_right_cannot_accept(
    accept: Accept, github_api: GitHubApi, changed: dict[str, Any], expected: str
):
    if "number" in changed:
        assert accept(**changed).status == 3
    else:
        done = accept(**changed)
        assert (done.status, expected in done.error) == (1, True), done.error
    assert not github_api.called("POST")


@pytest.mark.parametrize("who", ["author", "committer", "actor"])
def test_authors_cannot_accept_what_they_made(accept: Accept, github_api: GitHubApi, who: str):
    maker = {"login": "Bob", "type": "User"}
    if who == "actor":
        github_api.runs[max(github_api.runs)]["actor"] = maker
        github_api.add_run(SHA, conclusion="failure")  # of a new base, by another
    else:
        github_api.commits[SHA][who] = maker
    done = accept()
    assert done.status == 1
    assert re.search(r"bob (made|committed|pushed) its newest commit", done.error)
    assert not github_api.called("POST")


def test_the_only_person_with_write_access_may_accept_their_own(accept: Accept, github_api: GitHubApi):
    github_api.permissions = {"Ann": "admin", "eve": "triage"}

    done = accept(GITHUB_ACTOR="Ann", reason="r" * LONGEST_REASON)

    assert done.status == 0, done.error
    assert accepted(github_api) == f"accepted by Ann: alone: {'r' * LONGEST_REASON}"


def test_the_status_of_one_alone_fits_a_description():
    assert len(f"accepted by {'m' * 39}: {ALONE}") + LONGEST_REASON == 140


@pytest.mark.parametrize(
    "reason",
    ["", "  ", "two\nlines", "\u202eback", "r" * (LONGEST_REASON + 1), "::error::x", "a \U0001f41b"],
    ids=ascii,
)
def test_a_reason_is_one_plain_line(accept: Accept, github_api: GitHubApi, reason: str):
    done = accept(reason=reason)
    assert (done.status, github_api.calls) == (2, [])
    assert "expected one line of 1 to 80 plain characters" in done.error


def test_a_reason_with_markup_is_shown_as_it_is(accept: Accept, github_api: GitHubApi):
    done = accept(reason="<b>x</b> [l](http://e) @you | `c`")
    assert done.status == 0, done.error
    assert "<b>" not in done.summary
    assert "@you" not in done.summary


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"conclusion": None}, "its run goes on"),
        ({"conclusion": "success"}, "nothing to run again"),
        ({"sha": OLD}, "was not gated yet"),
        ({"conclusion": "success", "event": "push"}, "its failed jobs run again"),
        ({"conclusion": "skipped"}, "its failed jobs run again"),
    ],
    ids=str,
)
def test_only_a_run_that_failed_runs_again(accept: Accept, github_api: GitHubApi, about, said):
    if "sha" in about:
        github_api.runs.clear()
    github_api.add_run(**{"sha": SHA, **about})
    done = accept()
    assert done.status == 0, done.error
    assert said in done.printed
    assert bool(github_api.reruns) == ("run again:" in done.printed)
    assert accepted(github_api)
