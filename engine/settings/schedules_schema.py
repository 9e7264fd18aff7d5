"""The section schedules of mlops.yaml: recurring runs, and the clock that they go by."""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from engine.settings.settings_types import Name, Section, matches

MONTHS, WEEKDAYS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", "sun|mon|tue|wed|thu|fri|sat"
FIELDS = ((0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, MONTHS), (0, 6, WEEKDAYS))


def _cron(value: object) -> object:
    """What GitHub, Kubeflow and croniter read alike."""
    fields = value.split() if isinstance(value, str) else []
    if len(fields) == len(FIELDS) and all(map(_is_field, fields, FIELDS)):
        return " ".join(fields)
    raise ValueError('minute hour day month weekday (0-6), as in "17 4 * * 1"')


def _is_field(text: str, allowed: tuple[int, int, str]) -> bool:
    least, most, names = allowed
    one = rf"(?:\d+|{names})" if names else r"\d+"
    part = rf"(?:\*|{one}-{one})(?:/[1-9]\d*)?|{one}"
    if not re.fullmatch(rf"(?:{part})(?:,(?:{part}))*", text, re.IGNORECASE):
        return False
    ranges = (re.sub(r"/\d+", "", each) for each in text.split(","))
    bounds = ([int(each) for each in range_.split("-") if each.isdigit()] for range_ in ranges)
    return all(
        least <= min(numbers) and max(numbers) <= most and sorted(numbers) == numbers
        for numbers in bounds
        if numbers
    )


def _time_zone(value: object) -> object:
    try:
        ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):
        raise ValueError("a time zone, as UTC or Europe/Berlin") from None
    return value


Cron = Annotated[str, BeforeValidator(_cron)]
TimeZone = Annotated[str, BeforeValidator(_time_zone)]
ScheduleName = Annotated[
    str, matches(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", "lower-case letters, digits and hyphens, 40 at most")
]
VersionName = Annotated[
    str, matches(r"latest|([0-9a-f]{12}-)?[0-9a-f]{12}", "latest, or the name of a version that was deployed")
]


class Schedule(Section):
    pipeline: Literal["training", "monitoring", "inference"]
    cron: Cron
    enabled: bool = True
    catch_up: bool = False
    """Whether each time that was missed, while the endpoint was down, is run later; or the newest alone."""
    version: VersionName = "latest"
    parameters: dict[Name, str] = Field(default={})
    """In place of what follows from the other settings."""


class Schedules(Section):
    time_zone: TimeZone = "UTC"
    runs: dict[ScheduleName, Schedule] = Field(default={})
