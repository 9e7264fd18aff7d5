"""Fixtures of tests that go into an endpoint."""

from collections.abc import Iterator

import pytest

from engine.environment import VARIABLES
from engine.tests.standins.authority import Authority
from engine.tests.standins.oidc_provider import OidcProvider, running_provider

PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine has set on its own decides nothing."""
    github = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS")
    for name in (*VARIABLES, *github, *PROXIES, *map(str.upper, PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def provider(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcProvider]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    with running_provider(authority.issue("provider").context()) as running:
        yield running
