"""When a recurring run is due: cron expressions and intervals, with and without catching up."""

from zoneinfo import ZoneInfo

from local_kfp.server import cron
from local_kfp.server.clock import LATEST, parse_time
from local_kfp.server.errors import ApiError, invalid
from local_kfp.server.resources import Trigger, Window


def check_trigger(trigger: Trigger) -> None:
    _check_window(trigger.get("cron_schedule", {}))
    _check_window(trigger.get("periodic_schedule", {}))
    if "cron_schedule" in trigger:
        try:
            cron.parse(trigger["cron_schedule"].get("cron", ""))
        except ValueError as error:
            raise _not_a_cron(error) from None
    elif "periodic_schedule" in trigger and _interval(trigger) < 1:
        raise invalid(
            f"Found invalid period schedule interval {_interval(trigger)}. Set at interval to least 1 second"
        )


def _check_window(window: Window) -> None:
    for name, time in (("start_time", window.get("start_time")), ("end_time", window.get("end_time"))):
        if time is not None and not 0 <= parse_time(time) <= LATEST:
            raise invalid(f"{name}: expected a time from 1970 to 9998, found {time}")


def next_time(
    trigger: Trigger, created: int, last: int | None, now: int, no_catchup: bool, zone: ZoneInfo
) -> int | None:
    """When the next run is due, in seconds since 1970, which may be past; None if no run is left.

    Of several missed times, catching up returns the first, otherwise the latest. Cron expressions are times
    of `zone`.
    """
    schedule = trigger.get("cron_schedule") or trigger.get("periodic_schedule")
    if not schedule:
        return created if last is None else None  # without a schedule it runs once
    # An older server stored times that check_trigger refuses.
    start = max(0, parse_time(schedule["start_time"])) if "start_time" in schedule else None
    end = min(LATEST, parse_time(schedule["end_time"])) if "end_time" in schedule else LATEST
    since = last if last is not None else created if start is None else start
    if "cron" in schedule:
        since = max(since, start or since)
        return _next_cron(schedule["cron"], since, end, now if no_catchup else None, zone)
    return _next_interval(_interval(trigger), since, start, end, now if no_catchup else None)


def _next_cron(expression: str, since: int, end: int, now: int | None, zone: ZoneInfo) -> int | None:
    schedule = cron.parse(expression)
    due = schedule.next_after(since, zone)
    if due is not None and now is not None and due < now:
        due = schedule.latest(due, max(due, min(now, end)), zone)
    return None if due is None or due > end else due


def _next_interval(interval: int, since: int, start: int | None, end: int, now: int | None) -> int | None:
    if start is not None and start > since:
        return start
    due = since + interval
    if due > end:
        return None
    if now is not None and now >= due + interval:  # more than one was missed: count the interval from now on
        return min(now, end)
    return due


def _interval(trigger: Trigger) -> int:
    return int(trigger["periodic_schedule"].get("interval_second", 0))


def _not_a_cron(reason: ValueError) -> ApiError:
    return invalid(
        f"Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). Error: {reason}"
    )
