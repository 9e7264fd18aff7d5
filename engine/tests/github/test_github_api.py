"""Tests of engine/github/api.py, against its stand-in and answers of bad days."""

import re
import time

import pytest

from engine.command_line import SettingsError, WorldError
from engine.github.api import GitHub, NotFound, Refused
from engine.tests.standins.github_api import GitHubApi
from engine.tests.standins.http_server import Answer, serving

SHA = "ab" * 20
NO_WAIT = (0, 0)


def github(api: GitHubApi, **permissions: str) -> GitHub:
    return GitHub(api.environment(**permissions), NO_WAIT)


def test_lists_are_read_to_their_last_page(github_api: GitHubApi):
    run = github_api.add_run(SHA)["id"]
    for number in range(250):
        github_api.add_artifact(run, f"digest-{number}")
        github_api.add_comment(1, f"comment {number}")
    client = github(github_api, actions="read", issues="read")
    found = client.pages("actions", "runs", run, "artifacts", inside="artifacts")
    assert [each["name"] for each in found] == [f"digest-{number}" for number in range(250)]
    assert len(list(client.pages("issues", 1, "comments", per_page=10))) == 250


def test_pieces_of_a_path_stay_pieces(github_api: GitHubApi):
    name = "a/../b?c=d#e%2F ü"
    github_api.environments[name] = {}
    client = github(github_api, actions="read")
    assert client.get("environments", name)["name"] == name
    for piece in ("", ".", ".."):
        with pytest.raises(SettingsError, match="expected pieces of a path"):
            client.get("environments", piece)


@pytest.mark.parametrize(
    ("token", "permissions", "expected"),
    [
        (
            {},
            {"statuses": "read"},
            "403 Resource not accessible by integration; grant the job statuses: write",
        ),
        ({"GITHUB_TOKEN": "ghs_guessed"}, {}, "401 Bad credentials; give a GITHUB_TOKEN that is valid"),
    ],
)
def test_a_refusal_says_what_to_do_and_shows_no_token(github_api: GitHubApi, token, permissions, expected):
    environment = github_api.environment(**permissions) | token
    with pytest.raises(Refused) as refused:
        GitHub(environment, NO_WAIT).post("statuses", SHA, body={"state": "success"})
    said = str(refused.value)
    assert said == f"GitHub: POST /repos/you/flight-delays/statuses/{SHA}: expected success, found {expected}"
    assert len(github_api.calls) == 1


def test_a_body_that_github_refuses_is_reported(github_api: GitHubApi):
    github_api.add_commit(SHA)
    body = {"state": "success", "description": "x" * 141, "context": "gate"}
    with pytest.raises(Refused, match=r"422 Validation Failed: .*too long \(maximum is 140 characters\)"):
        github(github_api, statuses="write").post("statuses", SHA, body=body)


def test_a_message_of_github_commands_no_log(github_api: GitHubApi):
    github_api.failures = [(422, {}, {"message": "no ##[group]\n::error::x"})]
    with pytest.raises(Refused) as refused:
        github(github_api).get("pulls", 1)
    assert not re.search(r"::|##\[|\n", str(refused.value))


def test_a_missing_resource_raises_not_found(github_api: GitHubApi):
    with pytest.raises(NotFound):
        github(github_api, actions="read").get("environments", "production")


def test_a_busy_server_is_asked_again(github_api: GitHubApi):
    github_api.add_commit(SHA)
    github_api.failures = [
        (429, {"Retry-After": "0"}, {"message": "slow down"}),
        (503, {}, {"message": "busy"}),
    ]
    github(github_api, statuses="write").post("statuses", SHA, body={"state": "success"})
    github_api.failures = [
        (502, {}, {"message": "Server Error"}),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"},
            {"message": "API rate limit exceeded"},
        ),
    ]
    assert github(github_api, contents="read").get("commits", SHA)["sha"] == SHA
    assert len(github_api.statuses[SHA]) == 1


def test_patience_has_limits(github_api: GitHubApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    github_api.failures = [(503, {}, {"message": "busy"})] * 9
    with pytest.raises(WorldError, match="503 busy"):
        github(github_api, contents="read").get("commits", SHA)
    assert len(github_api.calls) == 1 + len(NO_WAIT)
    reset = str(int(time.time()) + 1800)
    github_api.failures = [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, {"message": "rate limit"})
    ]
    with pytest.raises(WorldError, match="403 rate limit; it asks to wait 30 minutes"):
        github(github_api, contents="read").get("commits", SHA)


def test_a_request_that_may_have_created_something_is_not_repeated(github_api: GitHubApi):
    github_api.failures = [(502, {}, {"message": "Server Error"})]
    with pytest.raises(WorldError, match="502"):
        github(github_api, issues="write").post("issues", body={"title": "once"})
    assert not github_api.issues


@pytest.mark.parametrize(
    ("kind", "body"), [("text/html", b"<html>log in</html>"), ("application/json", b'"text"'), ("", b"")]
)
def test_only_json_is_an_answer(kind: str, body: bytes):
    environment = {"GITHUB_REPOSITORY": "you/flight-delays", "GITHUB_TOKEN": "secret"}
    with serving(lambda *_: Answer(200, {"Content-Type": kind}, body)) as host:
        client = GitHub(environment | {"GITHUB_API_URL": f"http://{host}"}, NO_WAIT)
        with pytest.raises(WorldError, match="expected a JSON document, found 200"):
            client.get("pulls", 1)


def test_a_next_page_elsewhere_does_not_get_the_token(github_api: GitHubApi):
    environment = {"GITHUB_REPOSITORY": "you/flight-delays", "GITHUB_TOKEN": "secret"}
    headers = {"Content-Type": "application/json", "Link": f'<{github_api.url}/repos>; rel="next"'}
    with serving(lambda *_: Answer(200, headers, b"[]")) as host:
        client = GitHub(environment | {"GITHUB_API_URL": f"http://{host}"}, NO_WAIT)
        with pytest.raises(WorldError, match="expected to stay at"):
            list(client.pages("pulls"))
    assert not github_api.calls


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"GITHUB_REPOSITORY": "you"}, "GITHUB_REPOSITORY: expected <owner>/<name>"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: expected a token, found none"),
        ({"GITHUB_API_URL": "http://api.github.com"}, "GITHUB_API_URL: expected an https:// URL"),
    ],
)
def test_settings_that_cannot_work_are_reported_first(changed, expected):
    with pytest.raises(SettingsError, match=expected):
        GitHub({"GITHUB_REPOSITORY": "you/flight-delays", "GITHUB_TOKEN": "secret"} | changed)


def test_packages_of_a_user_are_listed_outside_the_repository(github_api: GitHubApi):
    github_api.packages["flight-delays"] = [{"id": 7, "metadata": {"container": {"tags": ["a-1"]}}}]
    client = github(github_api, packages="read").outside
    path = ("users", "you", "packages", "container", "flight-delays", "versions")
    assert [each["id"] for each in client.pages(*path)] == [7]
