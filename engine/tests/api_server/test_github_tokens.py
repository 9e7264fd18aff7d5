"""Tests of tokens of GitHub Actions on a real API server: ours are accepted, and forged ones refused."""

from typing import Any

import pytest

from engine.tests.api_server.api_server import ApiServer, namespace, wait_until
from engine.tests.api_server.overlays import Overlays
from engine.tests.standins.oidc_provider import REPOSITORY_ID, OidcProvider

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
OLD, NEW = "repo:you/flight-delays", "repo:you@1/flight-delays@2"
CLAIMS: dict[str, Any] = {
    "aud": "pipelines.kubeflow.org",
    "sub": f"{NEW}:environment:production",
    "repository": "you/flight-delays",
    "repository_id": REPOSITORY_ID,
    "environment": "production",
    "ref": "refs/heads/main",
}
PULL_REQUEST = {
    "sub": f"{NEW}:environment:pull-request",
    "environment": "pull-request",
    "ref": "refs/pull/7/merge",
}


def user_of(server: ApiServer, token: str) -> str:
    """The user that a token is accepted for; "" if it is refused."""
    answer = server.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", REVIEW, token)
    assert answer.status_code in (201, 401), answer.text
    return str(answer.json()["status"]["userInfo"]["username"]) if answer.ok else ""


@pytest.fixture(scope="module")
def server(api_server: ApiServer, github: OidcProvider) -> ApiServer:
    """The API server once it has read the issuer's keys."""
    wait_until(lambda: user_of(api_server, github.sign(**CLAIMS)), "the issuer is known")
    return api_server


@pytest.mark.parametrize(
    "claims",
    [{}, {"sub": f"{OLD}:environment:production"}, PULL_REQUEST],
    ids=["sub with identifiers", "sub of an older repository", "pull request"],
)
def test_our_tokens_are_accepted_as_the_user_of_their_environment(
    server: ApiServer, github: OidcProvider, claims: dict[str, Any]
) -> None:
    assert user_of(server, github.sign(**CLAIMS | claims)) == (CLAIMS | claims)["sub"]


@pytest.mark.parametrize(
    "claims",
    [
        {"repository_id": "666", "sub": "repo:mallory@9/x@666:environment:production"},
        {"repository_id": "666", "repository": "mallory/flight-delays"},
        {"repository_id": "666", "sub": f"{OLD}:environment:production"},
        {"repository_id": ""},
        {"ref": "refs/pull/7/merge"},
        {"ref": "refs/heads/feature"},
        {"environment": None, "sub": f"{NEW}:pull_request", "ref": "refs/pull/7/merge"},
        {"environment": None, "sub": f"{NEW}:ref:refs/heads/main"},
        {"aud": "sts.amazonaws.com"},
        {"exp": 1},
        {"iss": "https://token.actions.githubusercontent.com"},
        {"sub": "system:serviceaccount:production:default-editor"},
    ],
    ids=[
        "another repository",
        "a fork",
        "a deleted repository made again by another owner",
        "no repository",
        "a pull request that names production",
        "a branch that names production",
        "a pull request without an environment",
        "main without an environment",
        "another audience",
        "expired",
        "another issuer",
        "a name of the cluster",
    ],
)
def test_other_tokens_are_refused(server: ApiServer, github: OidcProvider, claims: dict[str, Any]) -> None:
    forged = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    assert user_of(server, github.sign(**forged)) == ""


def test_a_token_of_another_key_is_refused(server: ApiServer, github: OidcProvider) -> None:
    assert user_of(server, OidcProvider(github.issuer).sign(**CLAIMS)) == ""


def test_a_token_has_the_rights_of_its_own_environment_only(
    server: ApiServer, github: OidcProvider, overlays: Overlays
) -> None:
    server.apply([namespace("production"), *overlays.built("ci-rbac"), *overlays.built("pr-namespace")])

    def may_run(claims: dict[str, str], place: str) -> bool:
        token = github.sign(**CLAIMS | claims)
        return server.allows(user_of(server, token), "create", "pipelines.kubeflow.org", "runs", place)

    wait_until(lambda: may_run(PULL_REQUEST, "pull-requests"), "the Roles are in force")
    assert may_run({}, "production")
    assert not may_run({}, "pull-requests")
    assert not may_run(PULL_REQUEST, "production")
    assert not may_run({"sub": f"{OLD}:environment:production"}, "production")
