"""Tests of retry.py: what may pass is tried again, as long and as often as the policy says."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from engine.command_line import WorldError
from engine.http import retry


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, none of which is made."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def failing(*failures: Exception) -> Callable[[], str]:
    """An attempt that fails so, and then succeeds."""
    left: Iterator[Exception] = iter(failures)

    def attempt() -> str:
        for failure in left:
            raise failure
        return "done"

    return attempt


def busy(wait: float | None = None) -> retry.Failed:
    return retry.Failed(WorldError("busy"), wait)


def test_a_successful_call_is_made_once(slept: list[float]) -> None:
    assert retry.retried(failing()) == "done"
    assert slept == []


def test_pauses_grow_and_are_left_out_by_half_at_most(slept: list[float]) -> None:
    assert retry.retried(failing(busy(), busy(), busy()), waits=(1, 2, 4)) == "done"
    assert [wait / 2 <= pause <= wait for wait, pause in zip((1, 2, 4), slept, strict=True)] == [True] * 3


def test_the_last_failure_is_raised_as_it_is(slept: list[float]) -> None:
    with pytest.raises(WorldError, match="busy"):
        retry.retried(failing(busy(), busy(), busy()), waits=(1, 1))
    assert len(slept) == 2


def test_a_permanent_error_is_raised_at_once(slept: list[float]) -> None:
    with pytest.raises(ValueError, match="wrong"):
        retry.retried(failing(ValueError("wrong")))
    assert slept == []


def test_a_server_is_waited_for_as_long_as_it_asks(slept: list[float]) -> None:
    assert retry.retried(failing(busy(0), busy(17))) == "done"
    assert slept == [0, 17]


def test_a_server_that_asks_for_too_long_is_not_waited_for(slept: list[float]) -> None:
    with pytest.raises(WorldError, match="busy"):
        retry.retried(failing(busy(retry.LONGEST_WAIT + 1)))
    assert slept == []


@pytest.mark.parametrize(
    ("status", "repeatable", "expected"),
    [(429, False, True), (503, False, True), (502, False, False), (502, True, True), (404, True, False)],
)
def test_a_creating_request_is_repeated_only_if_it_had_no_effect(
    status: int, repeatable: bool, expected: bool
) -> None:
    assert retry.may_pass(status, repeatable) is expected


def test_retry_after_is_seconds_or_a_moment() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry.wished_wait("12") == 12
    assert 25 < (retry.wished_wait(moment) or 0) <= 30
    assert retry.wished_wait("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert (retry.wished_wait(None), retry.wished_wait(""), retry.wished_wait("soon")) == (None, None, None)
