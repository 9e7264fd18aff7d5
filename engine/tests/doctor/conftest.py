"""Fixtures of the doctor's tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.environment import VARIABLES
from engine.stores import s3
from engine.tests.doctor.broken_set_ups import SetUp
from engine.tests.standins.authority import Authority
from engine.tests.standins.github_api import GitHubApi
from engine.tests.standins.oidc_provider import OidcProvider, running_provider

GITHUB = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_STEP_SUMMARY")
AWS = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(scope="session")
def running(authority: Authority) -> Iterator[OidcProvider]:
    with running_provider(authority.issue("provider").context()) as provider:
        yield provider


@pytest.fixture
def provider(running: OidcProvider) -> Iterator[OidcProvider]:
    """One provider for all, as new: keys take a tenth of a second."""
    statuses, password = list(running.statuses), running.password
    yield running
    running.statuses, running.password = statuses, password


@pytest.fixture
def up(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: Authority,
    provider: OidcProvider,
    github_api: GitHubApi,
) -> Iterator[SetUp]:
    """A machine on which nothing is set, for one set-up."""
    for name in (*VARIABLES, *GITHUB, *AWS, *PROXIES, *map(str.upper, PROXIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with ExitStack() as stack:
        set_up = SetUp(monkeypatch, tmp_path, authority, provider, github_api, stack)
        set_up.prepare()
        yield set_up
    s3.forget_client()
