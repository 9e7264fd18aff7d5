"""When a recurring run is due: six-field cron expressions and intervals, with and without catching up."""

import re
from typing import Any

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from local_kfp.server.clock import parse_time
from local_kfp.server.errors import invalid

Trigger = dict[str, Any]
_DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_STEP = r"(\*|\?|(\d+|[a-z]{3})(-(\d+|[a-z]{3}))?)(/\d+)?"
_FIELD = re.compile(rf"{_STEP}(,{_STEP})*", re.IGNORECASE)


def check_trigger(trigger: Trigger) -> None:
    if "cron_schedule" in trigger:
        _cron(trigger["cron_schedule"].get("cron", ""), 0)
    elif "periodic_schedule" in trigger and _interval(trigger) < 1:
        raise invalid(
            f"Found invalid period schedule interval {_interval(trigger)}. Set at interval to least 1 second"
        )


def next_time(trigger: Trigger, created: int, last: int | None, now: int, no_catchup: bool) -> int | None:
    """When the next run is due, which may be past; None when there is none any more.

    Of several times missed, catching up gives the first, otherwise the newest.
    """
    schedule = trigger.get("cron_schedule") or trigger.get("periodic_schedule")
    if not schedule:
        return created if last is None else None  # without a schedule it runs once
    start = parse_time(schedule["start_time"]) if "start_time" in schedule else None
    end = parse_time(schedule["end_time"]) if "end_time" in schedule else None
    since = last if last is not None else created if start is None else start
    due = _next_cron if "cron" in schedule else _next_interval
    return due(trigger, since, start, end, now if no_catchup else None)


def _next_cron(
    trigger: Trigger, since: int, start: int | None, end: int | None, now: int | None
) -> int | None:
    expression = trigger["cron_schedule"]["cron"]
    try:
        due = int(_cron(expression, max(since, start or since)).get_next(float))
        if now is not None and due < now:
            newest = now if end is None else min(now, end)
            due = max(due, int(_cron(expression, newest + 1).get_prev(float)))
    except CroniterBadDateError:  # the 30th of February
        return None
    return None if end is not None and due > end else due


def _next_interval(
    trigger: Trigger, since: int, start: int | None, end: int | None, now: int | None
) -> int | None:
    interval = _interval(trigger)
    if start is not None and start > since:
        return start
    due = since + interval
    if end is not None and due > end:
        return None
    if now is not None and now >= due + interval:  # too late for it: start the beat anew from now
        return now if end is None else min(now, end)
    return due


def _interval(trigger: Trigger) -> int:
    return int(trigger["periodic_schedule"].get("interval_second", 0))


def _cron(expression: str, since: int) -> croniter:
    """An iterator over a cron expression with seconds first, where the day of the week may be left out."""
    fields = _DESCRIPTORS.get(expression, expression).split()
    if len(fields) == 5:
        fields.append("*")
    if len(fields) == 6 and all(map(_FIELD.fullmatch, fields)):
        try:
            return croniter(" ".join(fields), since, second_at_beginning=True)
        except CroniterBadCronError as error:
            raise _not_a_cron(f"{expression!r}: {error}") from None
    raise _not_a_cron(f"expected 5 or 6 fields (second minute hour day month weekday), found: {expression!r}")


def _not_a_cron(reason: str) -> Exception:
    return invalid(
        f"Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). Error: {reason}"
    )
