"""Whether tables and schedules fit the moment that rows are predicted at."""

from collections.abc import Iterator

from engine.settings.schedules_schema import Schedule
from engine.settings.settings_schema import Settings

Problem = tuple[tuple[str | int, ...], str]
HOUR, DAY = 60, 1440


def moment_disagreements(settings: Settings) -> Iterator[Problem]:
    rows = settings.data.tables.get(settings.data.rows)
    if rows and rows.arrives_after:
        expected = (
            "expected none on the rows to predict: label.matures_after_days says when outcomes are known"
        )
        here = ("data", "tables", settings.data.rows, "arrives_after")
        yield here, f"{expected}, found {rows.arrives_after}"
    yield from unfit_schedules(settings)


def unfit_schedules(settings: Settings) -> Iterator[Problem]:
    """The first schedule of inference and what it misses, if none runs in the lead after some hour.

    The rows of an hour are predicted the lead before, with what is known by then. Only a run between that
    moment and the rows' hour can give it, on the moment's day, because a run of today predicts today's rows.
    """
    lead = settings.features.lead
    schedules = {name: each for name, each in settings.schedules.runs.items() if runs_today(each)}
    if lead and schedules:
        due = minutes_due(schedules, settings.schedules.time_zone)
        hours = [hour for hour in range(24) if not has_run(due, hour * HOUR, int(lead[:-1]) * HOUR)]
        if hours:
            name, schedule = next(iter(schedules.items()))
            yield (
                ("schedules", "runs", name, "cron"),
                f"expected a run within {lead} after each hour, because of features.lead, as '29 * * * *'; "
                f"found {schedule.cron!r}, with none for {len(hours)} of 24, the first {hours[0]:02}:00 UTC",
            )


def runs_today(schedule: Schedule) -> bool:
    """Whether the schedule predicts the rows of the day that it runs on."""
    return schedule.pipeline == "inference" and schedule.enabled and "as_of" not in schedule.parameters


def minutes_due(schedules: dict[str, Schedule], time_zone: str) -> set[int]:
    from engine.settings.cron_times import minutes_of_each_day

    return set().union(*(minutes_of_each_day(each.cron, time_zone) for each in schedules.values()))


def has_run(due: set[int], moment: int, lead: int) -> bool:
    """Whether a minute of `due` is at most `lead` minutes after `moment` and on its day."""
    return any(moment <= minute <= min(moment + lead, DAY - 1) for minute in due)
