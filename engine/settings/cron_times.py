"""When a schedule is due, and what Kubeflow's scheduler calls that."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter


def of_kubeflow(cron: str) -> str:
    """The same times with the seconds, which come first there."""
    return f"0 {cron}"


def is_due(cron: str, time_zone: str, moment: datetime) -> bool:
    """Whether that minute is one of `cron`, by the clocks of `time_zone`."""
    return croniter.match(cron, moment.astimezone(ZoneInfo(time_zone)), day_or=True)


def last_due(cron: str, time_zone: str, before: datetime) -> datetime:
    """The newest time that is not after `before`, in UTC."""
    local = before.astimezone(ZoneInfo(time_zone)).replace(second=0, microsecond=0)
    if is_due(cron, time_zone, local):
        return local.astimezone(UTC)
    return croniter(cron, local).get_prev(datetime).astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)
