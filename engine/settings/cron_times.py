"""When a schedule is due, as Kubeflow's scheduler (robfig/cron) reads it, and what it calls that.

Day of month and day of week are both required if one of them has a star, `*/2` included, and otherwise
either is enough; a time that the clocks skip is not due that day.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter


def of_kubeflow(cron: str) -> str:
    """The same times with the seconds, which come first there."""
    return f"0 {cron}"


def is_due(cron: str, time_zone: str, moment: datetime) -> bool:
    """Whether that minute is one of `cron`, by the clocks of `time_zone`."""
    local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return croniter.match(cron, local, day_or=_either_day(cron))


def last_due(cron: str, time_zone: str, before: datetime) -> datetime:
    """The newest time that is not after `before`, in UTC."""
    zone = ZoneInfo(time_zone)
    minute = before.astimezone(UTC).replace(second=0, microsecond=0)
    # By the hands of the clocks: croniter moves a time that they skip to the next one that there is.
    times = croniter(cron, minute.astimezone(zone).replace(tzinfo=None), day_or=_either_day(cron))
    while not is_due(cron, time_zone, minute):
        minute = times.get_prev(datetime).replace(tzinfo=zone).astimezone(UTC)
    return minute


def ever_due(cron: str) -> bool:
    """Whether there is any such day: 31 February is not one."""
    try:
        croniter(cron, now(), day_or=_either_day(cron)).get_next(datetime)
    except CroniterBadDateError:
        return False
    return True


def minutes_of_each_day(cron: str, time_zone: str) -> set[int]:
    """The minutes after midnight in UTC at which `cron` is due, in winter; none if it is not due daily."""
    minutes, hours, *days = croniter.expand(cron)[0]
    if days[:3] != [["*"]] * 3:
        return set()
    offset = datetime(2001, 1, 15, tzinfo=ZoneInfo(time_zone)).utcoffset() or timedelta()
    return {
        (int(hour) * 60 + int(minute) - offset // timedelta(minutes=1)) % 1440
        for hour in (range(24) if hours == ["*"] else hours)
        for minute in (range(60) if minutes == ["*"] else minutes)
    }


def _either_day(cron: str) -> bool:
    _, _, day_of_month, _, day_of_week = cron.split()
    return "*" not in day_of_month + day_of_week


def now() -> datetime:
    return datetime.now(UTC)
