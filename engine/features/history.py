"""Features of what earlier rows came to, as it was known when a row's day began."""

import pandas as pd

EPOCH = pd.Timestamp(0)


def recent_mean(
    rows: pd.DataFrame,
    history: pd.DataFrame,
    time: str,
    column: str,
    by: str | list[str],
    days: int,
    lead_hours: int = 0,
) -> "pd.Series[float]":
    """For each of `rows` the mean of `column` in the rows of `history` that have its values of `by`.

    They are those that became known in the `days` before the midnight at which the row's day begins, by
    its `time`, or the day `lead_hours` earlier: with what is known then, the row is predicted. NaN if there
    are none.
    """
    keys = [by] if isinstance(by, str) else by
    known = _known_by_day(history, column, keys)
    day = _day(rows[time] - pd.Timedelta(hours=lead_hours))
    recent = _until(day, rows[keys], known) - _until(day - days, rows[keys], known)
    return recent["known_sum"] / recent["known_count"].where(recent["known_count"] > 0)


def _known_by_day(history: pd.DataFrame, column: str, keys: list[str]) -> pd.DataFrame:
    """Sum and count of all values of `column` that were known when a day began, by day and `keys`."""
    since = (_day(history["known_at"]) + 1).rename("known_day")
    grouped = history.groupby([*keys, since], observed=True)[column]
    daily = pd.DataFrame({"known_sum": grouped.sum(), "known_count": grouped.count()})
    return daily.groupby(keys, observed=True).cumsum().reset_index().sort_values("known_day")


def _until(day: "pd.Series[int]", groups: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What was known when each `day` began, of the groups with these values; 0 if nothing was."""
    days = groups.assign(known_day=day).dropna(subset="known_day").astype({"known_day": "int64"})
    days = days.sort_values("known_day")
    sums = pd.merge_asof(days, known, on="known_day", by=[*groups.columns]).set_axis(days.index)
    return sums[["known_sum", "known_count"]].reindex(groups.index).fillna(0)


def _day(times: "pd.Series[pd.Timestamp]") -> "pd.Series[int]":
    """Days since 1970, missing if the time is."""
    return (times - EPOCH).dt.days
