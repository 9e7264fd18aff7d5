from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from local_kfp.server.clock import format_time, parse_time
from local_kfp.server.errors import ApiError
from local_kfp.server.schedules import check_trigger, next_time

CREATED = "2013-09-01T10:00:00Z"  # a Sunday


def due(
    schedule: dict[str, str],
    last: str | None = None,
    now: str | None = None,
    created: str = CREATED,
    zone: str = "UTC",
) -> str | None:
    """When the next run is due; `now` switches off catching up."""
    kind = "cron_schedule" if "cron" in schedule else "periodic_schedule"
    moments = [parse_time(moment) if moment else None for moment in (created, last, now)]
    moment = next_time(
        {kind: schedule}, moments[0], moments[1], moments[2] or 0, now is not None, ZoneInfo(zone)
    )
    return None if moment is None else format_time(moment)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 0 9 * * *", "2013-09-02T09:00:00Z"),
        ("30 */15 * * * *", "2013-09-01T10:00:30Z"),
        ("0 0 9 ? * 2-6", "2013-09-03T09:00:00Z"),
        ("0 0 9 * * MON", "2013-09-02T09:00:00Z"),
        ("0 0 9 1 JAN ?", "2014-01-01T09:00:00Z"),
        ("0 0 12 15 *", "2013-09-15T12:00:00Z"),  # the weekday may be left out, never the seconds
        ("@hourly", "2013-09-01T11:00:00Z"),
        ("0 0 0 30 2 *", None),  # accepted, and never due
        ("0 29 3 */2 * 1", "2013-09-09T03:29:00Z"),  # a star in a day field: both have to match
        ("0 0 9 * * 5", "2013-09-06T09:00:00Z"),
        ("0 0 9 13 * 5", "2013-09-06T09:00:00Z"),  # no star in a day field: one of them has to match
        ("0 0 9 29 2 *", "2016-02-29T09:00:00Z"),
        ("0 10/25 * * * *", "2013-09-01T10:10:00Z"),
        ("@every 1h30m", "2013-09-01T11:30:00Z"),
        ("@every 100ms", "2013-09-01T10:00:01Z"),
    ],
)
def test_next_time_of_a_cron_expression(cron: str, expected: str | None):
    check_trigger({"cron_schedule": {"cron": cron}})
    assert due({"cron": cron}) == expected


@pytest.mark.parametrize(
    ("cron", "last", "expected"),
    [
        ("0 30 2 * * *", "2024-03-30T02:00:00Z", "2024-04-01T00:30:00Z"),  # 2:30 on 31 March does not exist
        ("0 30 2 31 3 *", "2023-04-01T00:00:00Z", "2025-03-31T00:30:00Z"),
        ("0 30 2 * * *", "2024-10-27T00:00:00Z", "2024-10-27T00:30:00Z"),  # summer time
        ("0 30 2 * * *", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"),  # the same local time again
        ("0 0 9 * * *", "2024-07-01T00:00:00Z", "2024-07-01T07:00:00Z"),
    ],
)
def test_cron_expression_is_local_time_of_the_zone(cron: str, last: str, expected: str):
    assert due({"cron": cron}, last=last, zone="Europe/Berlin") == expected


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "0 0 L * * *",
        "61 * * * * *",
        "* * * * * * *",
        "every day",
        "0 0 9 * * 7",
        "0 0 9 * * 5-1",
        "0 0 9 * * fri-mon",
        "0 0 9 0 * *",
        "0 0 9 * * 1-2-3",
        "0 0/1/2 9 * * *",
        "0 */0 9 * * *",
        "0 0 31 2 *",  # five fields are second to month: hour 31
        "@sometimes",
        "@every day",
        "@every -1h",
    ],
)
def test_check_trigger_refuses_an_invalid_cron_expression(cron: str):
    with pytest.raises(ApiError, match="Schedule cron is not a supported format"):
        check_trigger({"cron_schedule": {"cron": cron}})


def test_check_trigger_refuses_an_interval_of_zero():
    with pytest.raises(ApiError, match="Found invalid period schedule interval 0"):
        check_trigger({"periodic_schedule": {"interval_second": "0"}})


DAILY = {"cron": "0 0 9 * * *"}


def test_catching_up_returns_missed_times_one_by_one():
    assert due(DAILY, last="2013-09-02T09:00:00Z") == "2013-09-03T09:00:00Z"


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * * *", "2026-09-10T12:34:56Z"),
        ("0 * * * * *", "2026-09-10T12:34:00Z"),
        ("0 0 */5 * * *", "2026-09-10T10:00:00Z"),
        ("0 0 0 1 1 *", "2026-01-01T00:00:00Z"),
        ("0 0 0 29 2 *", "2024-02-29T00:00:00Z"),
        ("@every 1h", "2026-09-10T12:00:00Z"),
    ],
)
def test_without_catching_up_thirteen_years_are_searched_at_once(cron: str, expected: str):
    assert due({"cron": cron}, CREATED, now="2026-09-10T12:34:56Z") == expected


def test_without_catching_up_only_the_newest_missed_time_is_due():
    assert due(DAILY, "2013-09-02T09:00:00Z", now="2013-09-10T12:00:00Z") == "2013-09-10T09:00:00Z"
    assert due(DAILY, "2013-09-02T09:00:00Z", now="2013-09-10T09:00:00Z") == "2013-09-10T09:00:00Z"
    assert due(DAILY, "2013-09-10T09:00:00Z", now="2013-09-10T12:00:00Z") == "2013-09-11T09:00:00Z"


def test_cron_is_due_between_start_and_end_only():
    window = DAILY | {"start_time": "2013-10-01T00:00:00Z", "end_time": "2013-10-02T10:00:00Z"}
    assert due(window) == "2013-10-01T09:00:00Z"
    assert due(window, "2013-10-02T09:00:00Z") is None
    assert due(window, "2013-10-01T09:00:00Z", now="2013-12-01T00:00:00Z") == "2013-10-02T09:00:00Z"


HOURLY = {"interval_second": "3600"}


def test_interval_counts_from_creation_or_last_run():
    assert due(HOURLY) == "2013-09-01T11:00:00Z"
    assert due(HOURLY, "2013-09-01T11:00:00Z") == "2013-09-01T12:00:00Z"
    assert due(HOURLY | {"end_time": "2013-09-01T10:30:00Z"}) is None


def test_interval_is_due_at_its_start_time_after_an_earlier_run():
    start = {"start_time": "2013-09-02T00:00:00Z"}
    assert due(HOURLY | start) == "2013-09-02T01:00:00Z"
    assert due(HOURLY | start, last="2013-09-01T11:00:00Z") == "2013-09-02T00:00:00Z"


def test_interval_restarts_from_now_after_two_missed_times():
    assert due(HOURLY, "2013-09-01T11:00:00Z", now="2013-09-01T12:30:00Z") == "2013-09-01T12:00:00Z"
    assert due(HOURLY, "2013-09-01T11:00:00Z", now="2013-09-01T15:20:00Z") == "2013-09-01T15:20:00Z"


def test_trigger_without_schedule_runs_once():
    created = int(datetime(2013, 9, 1, tzinfo=UTC).timestamp())
    zone = ZoneInfo("UTC")
    assert next_time({}, created, None, created, False, zone) == created
    assert next_time({}, created, created, created + 9, False, zone) is None
