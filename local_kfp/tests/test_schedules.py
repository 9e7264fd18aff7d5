from datetime import UTC, datetime

import pytest

from local_kfp.server.clock import format_time, parse_time
from local_kfp.server.errors import ApiError
from local_kfp.server.schedules import check_trigger, next_time

CREATED = "2013-09-01T10:00:00Z"  # a Sunday


def due(
    schedule: dict[str, str], last: str | None = None, now: str | None = None, created: str = CREATED
) -> str | None:
    """When the next run is due, without catching up where `now` is given."""
    kind = "cron_schedule" if "cron" in schedule else "periodic_schedule"
    moments = [parse_time(moment) if moment else None for moment in (created, last, now)]
    moment = next_time({kind: schedule}, moments[0], moments[1], moments[2] or 0, now is not None)
    return moment and format_time(moment)


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
        ("0 0 0 30 2 *", None),
    ],
)
def test_cron(cron: str, expected: str | None):
    check_trigger({"cron_schedule": {"cron": cron}})
    assert due({"cron": cron}) == expected


@pytest.mark.parametrize("cron", ["", "* * * *", "0 0 L * * *", "61 * * * * *", "* * * * * * *", "every day"])
def test_what_is_no_cron(cron: str):
    with pytest.raises(ApiError, match="Schedule cron is not a supported format"):
        check_trigger({"cron_schedule": {"cron": cron}})


def test_an_interval_of_nothing():
    with pytest.raises(ApiError, match="Found invalid period schedule interval 0"):
        check_trigger({"periodic_schedule": {"interval_second": "0"}})


DAILY = {"cron": "0 0 9 * * *"}


def test_catching_up_goes_one_by_one():
    assert due(DAILY, last="2013-09-02T09:00:00Z") == "2013-09-03T09:00:00Z"


def test_without_catching_up_only_the_newest_missed_is_left():
    assert due(DAILY, "2013-09-02T09:00:00Z", now="2013-09-10T12:00:00Z") == "2013-09-10T09:00:00Z"
    assert due(DAILY, "2013-09-02T09:00:00Z", now="2013-09-10T09:00:00Z") == "2013-09-10T09:00:00Z"
    assert due(DAILY, "2013-09-10T09:00:00Z", now="2013-09-10T12:00:00Z") == "2013-09-11T09:00:00Z"


def test_cron_keeps_between_start_and_end():
    window = DAILY | {"start_time": "2013-10-01T00:00:00Z", "end_time": "2013-10-02T10:00:00Z"}
    assert due(window) == "2013-10-01T09:00:00Z"
    assert due(window, "2013-10-02T09:00:00Z") is None
    assert due(window, "2013-10-01T09:00:00Z", now="2013-12-01T00:00:00Z") == "2013-10-02T09:00:00Z"


HOURLY = {"interval_second": "3600"}


def test_intervals_count_from_the_creation_or_the_last_run():
    assert due(HOURLY) == "2013-09-01T11:00:00Z"
    assert due(HOURLY, "2013-09-01T11:00:00Z") == "2013-09-01T12:00:00Z"
    assert due(HOURLY | {"end_time": "2013-09-01T10:30:00Z"}) is None


def test_the_first_interval_starts_with_its_start_time_once_there_was_a_run_before_it():
    start = {"start_time": "2013-09-02T00:00:00Z"}
    assert due(HOURLY | start) == "2013-09-02T01:00:00Z"
    assert due(HOURLY | start, last="2013-09-01T11:00:00Z") == "2013-09-02T00:00:00Z"


def test_an_interval_missed_twice_starts_anew_without_catching_up():
    assert due(HOURLY, "2013-09-01T11:00:00Z", now="2013-09-01T12:30:00Z") == "2013-09-01T12:00:00Z"
    assert due(HOURLY, "2013-09-01T11:00:00Z", now="2013-09-01T15:20:00Z") == "2013-09-01T15:20:00Z"


def test_no_schedule_runs_once():
    created = int(datetime(2013, 9, 1, tzinfo=UTC).timestamp())
    assert next_time({}, created, None, created, False) == created
    assert next_time({}, created, created, created + 9, False) is None
