"""Tests of cron_times.py: times as Kubeflow's scheduler reads them."""

from datetime import UTC, datetime

import pytest

from engine.settings import cron_times


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "before", "expected"),
    [
        # 2 September 2013 was a Monday.
        ("29 3 * * 1", "2013-09-05T00:00", "2013-09-02T03:29"),
        ("29 3 2 * *", "2013-09-05T00:00", "2013-09-02T03:29"),
        ("29 3 */2 * 1", "2013-09-05T00:00", "2013-08-19T03:29"),  # Mondays of an odd day
        ("29 3 1 * 1", "2013-09-05T00:00", "2013-09-02T03:29"),  # the first, and Mondays
        ("29 3 1 * 1", "2013-09-02T00:00", "2013-09-01T03:29"),
        ("29 3 * * *", "2013-09-02T03:29", "2013-09-02T03:29"),
    ],
)
def test_the_newest_time_is_that_of_the_scheduler(cron: str, before: str, expected: str) -> None:
    assert cron_times.last_due(cron, "UTC", moment(before)) == moment(expected)


def test_a_time_that_the_clocks_skip_is_not_due_that_day() -> None:
    # In Berlin the clocks went from 02:00 to 03:00 on 31 March 2013.
    found = cron_times.last_due("30 2 * * *", "Europe/Berlin", moment("2013-03-31T12:00"))
    assert found == moment("2013-03-30T01:30")


@pytest.mark.parametrize(("cron", "expected"), [("0 0 31 2 *", False), ("0 0 29 2 *", True)])
def test_ever_due_finds_a_day_that_never_comes(cron: str, expected: bool) -> None:
    assert cron_times.ever_due(cron) is expected
