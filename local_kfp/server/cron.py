"""Cron expressions as the real server reads them: github.com/robfig/cron v1.2, with seconds first."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from local_kfp.server.clock import LATEST

DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
SEARCHED_YEARS = 5
_LONGEST = 1000  # characters
_LONGEST_DURATION = 10**10  # seconds: a duration of Go has at most 292 years
_BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTH, _WEEKDAY = 4, 5
_NAMES = {
    _MONTH: ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    _WEEKDAY: ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)")
_LOOK_BACK = (60, 3600, 86_400, 366 * 86_400, 10**11)  # seconds


@dataclass(frozen=True)
class Every:
    """`@every 1h30m`: seconds between one time and the next."""

    seconds: int

    def next_after(self, moment: int, zone: ZoneInfo) -> int:
        return moment + self.seconds

    def latest(self, first: int, end: int, zone: ZoneInfo) -> int:
        """The last time up to `end`, if `first` is a time of the schedule."""
        return first + (end - first) // self.seconds * self.seconds


@dataclass(frozen=True)
class Cron:
    """The values of the six fields."""

    fields: tuple[frozenset[int], ...]
    days_intersect: bool
    """A day has to match day of month AND weekday if one of them has a star (`*/2` too), else one of both."""

    def next_after(self, moment: int, zone: ZoneInfo) -> int | None:
        """The first time after `moment`, both in seconds since 1970; None if there is none in five years,
        or before the year 9999.

        A local time that a clock change skips does not exist; one that is repeated comes twice.
        """
        moment += 1
        if moment > LATEST:
            return None
        last_year = min(datetime.fromtimestamp(moment, zone).year + SEARCHED_YEARS, 9998)
        seconds, minutes, hours = self.fields[:3]
        while (local := datetime.fromtimestamp(moment, zone)).year <= last_year:
            if not self._includes_day(local):
                moment = _midnight_after(local)
            elif local.hour not in hours:
                moment += 3600 - local.minute * 60 - local.second
            elif local.minute not in minutes:
                moment += 60 - local.second
            elif local.second not in seconds:
                moment += 1
            else:
                return moment
        return None

    def latest(self, first: int, end: int, zone: ZoneInfo) -> int:
        """The last time up to `end`, if `first` is a time of the schedule."""
        latest = first
        for seconds in _LOOK_BACK:
            following = self.next_after(max(first, end - seconds), zone)
            while following is not None and following <= end:
                latest, following = following, self.next_after(following, zone)
            if latest > first:
                break
        return latest

    def _includes_day(self, local: datetime) -> bool:
        days, months, weekdays = self.fields[3:]
        matches = (local.day in days, local.isoweekday() % 7 in weekdays)
        return local.month in months and (all if self.days_intersect else any)(matches)


@cache
def parse(expression: str) -> Cron | Every:
    """The schedule; ValueError if the real server refuses the expression."""
    if len(expression) > _LONGEST:
        raise ValueError(f"Expected at most {_LONGEST} characters")
    if expression.startswith("@every "):
        return Every(_duration(expression.removeprefix("@every ")))
    if expression.startswith("@") and expression not in DESCRIPTORS:
        raise ValueError(f"Unrecognized descriptor: {expression}")
    fields = DESCRIPTORS.get(expression, expression).split()
    if not 5 <= len(fields) <= 6:
        raise ValueError(f"Expected 5 to 6 fields, found {len(fields)}: {expression}")
    parts = [[part for part in field.split(",") if part] for field in [*fields, "*"][:6]]
    values = tuple(
        frozenset(value for part in listed for value in _range(part, position))
        for position, listed in enumerate(parts)
    )
    return Cron(values, any(part[0] in "*?" for listed in (parts[3], parts[_WEEKDAY]) for part in listed))


def _range(part: str, position: int) -> range:
    """The values of `*`, `3`, `3-9`, `3/2` or `3-9/2` in the field at `position`."""
    lowest, highest = _BOUNDS[position]
    ends, *steps = part.split("/")
    low, *high = ends.split("-")
    if len(steps) > 1 or len(high) > 1:
        raise ValueError(f"Too many {'slashes' if len(steps) > 1 else 'hyphens'}: {part}")
    if low in ("*", "?"):
        start, end = lowest, highest
    else:
        start = _number(low, position)
        end = _number(high[0], position) if high else highest if steps else start
    step = _number(steps[0]) if steps else 1
    if start < lowest or end > highest:
        raise ValueError(f"Range outside of {lowest}-{highest}: {part}")
    if start > end:
        raise ValueError(f"Beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ValueError(f"Step of range should be a positive number: {part}")
    return range(start, end + 1, step)


def _number(text: str, position: int | None = None) -> int:
    names = _NAMES.get(position, ()) if position is not None else ()
    if text and text.lower() in names:
        return names.index(text.lower())
    if not re.fullmatch("[0-9]+", text):
        raise ValueError(f"Failed to parse int from {text}")
    return int(text)


def _duration(text: str) -> int:
    """Whole seconds, at least one, of a duration of Go such as 1h30m."""
    parts = _DURATION.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise ValueError(f"Failed to parse duration @every {text}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST_DURATION:
        raise ValueError(f"Failed to parse duration @every {text}")
    return max(1, int(seconds))


def _midnight_after(local: datetime) -> int:
    day = local.date() + timedelta(days=1)
    return int(datetime.combine(day, time(), local.tzinfo).timestamp())
