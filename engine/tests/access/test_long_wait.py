"""A run of 30 minutes is watched to its end, whatever happens to tokens, server and network meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from engine.access import github_oidc
from engine.access.tokens import Clock
from engine.http import retry
from engine.kubeflow import runs
from engine.kubeflow.endpoint import connect
from engine.tests.standins.authority import Authority
from engine.tests.standins.guarded_endpoint import GuardedEndpoint, guarded_endpoint
from engine.tests.standins.oidc_provider import OidcProvider, running_provider

MINUTE = 60
RUN_MINUTES, TOKEN_MINUTES = 30, 12
LOST = [
    {"display_name": "root", "task_id": "0", "state": "FAILED"},
    {"display_name": "enforce-verdict", "task_id": "1", "state": "FAILED"},
]


class MovedClock:
    """Stands in for the module `time`: it passes when something sleeps, and events happen on the way."""

    def __init__(self) -> None:
        self.start = self._now = time.time()
        self.events: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self._now

    monotonic = time

    def minutes(self) -> float:
        return (self._now - self.start) / MINUTE

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        while self.events and self.events[0][0] <= self.minutes():
            self.events.pop(0)[1]()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    moved = MovedClock()
    for module in (runs, retry):
        monkeypatch.setattr(module, "time", moved)
    monkeypatch.setattr(Clock, "now", staticmethod(moved.time))
    return moved


@pytest.fixture
def provider(
    clock: MovedClock, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OidcProvider]:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.path))
    with running_provider(authority.issue("provider").context()) as running:
        running.now, running.life = clock.time, TOKEN_MINUTES * MINUTE
        yield running


def test_a_run_of_30_minutes_ends_with_its_verdict(clock, provider, authority, monkeypatch, tmp_path):
    created = {"run_id": "1", "display_name": "gate", "created_at": datetime.now(UTC).isoformat()}
    endpoint = GuardedEndpoint(provider, run=created | {"state": "RUNNING"})
    with ExitStack() as first, ExitStack() as second:
        url = first.enter_context(guarded_endpoint(endpoint, authority))
        port = urlsplit(url).port
        clock.events = [
            (4, lambda: endpoint.faults.extend([503] * 3)),
            (9, lambda: endpoint.faults.append(0)),
            (15, first.close),
            (15.5, lambda: second.enter_context(guarded_endpoint(endpoint, authority, port)) and None),
            (RUN_MINUTES, lambda: endpoint.run.update(state="FAILED", run_details={"task_details": LOST})),
        ]
        settings = {"KUBEFLOW_HOST": url, "KUBEFLOW_AUTH": "github-oidc", "KUBEFLOW_NAMESPACE": "staging"}
        for name, value in (settings | provider.environment()).items():
            monkeypatch.setenv(name, value)
        with connect(tmp_path) as client:
            run = runs.follow(client, "1")
    assert (run.state, [(task.name, task.state) for task in run.tasks]) == (
        "FAILED",
        [("enforce-verdict", "FAILED")],
    )
    assert clock.minutes() >= RUN_MINUTES and not clock.events and not endpoint.faults
    assert len(provider.minted) == 4, "one at the start, and one before each of three ends"
    assert not endpoint.refused, "no request was sent with a token that had expired"


def test_a_token_is_replaced_before_it_expires_and_kept_when_github_has_no_other(clock, provider):
    settings = provider.environment()
    with github_oidc.enter("https://host", settings) as entrance:
        first = entrance.credential.headers()
        clock.sleep(9 * MINUTE)
        assert entrance.credential.headers() == first
        clock.sleep(MINUTE)
        provider.statuses = [503] * (len(retry.WAITS) + 1)
        assert entrance.credential.headers() == first, "good for a while"
        assert entrance.credential.headers() != first
