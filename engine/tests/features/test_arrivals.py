"""Tests of engine/features/batches.py and replay.py: features are made of the rows that had arrived."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.features.history import recent_mean
from engine.features.replay import replayed

SETTINGS = {"rows": "flights", "time": "departure"}
Tables = dict[str, pd.DataFrame]
Made = tuple[list[Any], list[tuple[str, str, int]]]


@pytest.fixture
def tables() -> Tables:
    """Flights of four days at 0:30, 6:30, 12:30 and 18:30, and the weather of each hour from a day before."""
    departure = pd.date_range("2013-01-11 00:30", periods=16, freq="6h")
    hours = pd.date_range("2013-01-10", "2013-01-14 23:00", freq="h")
    weather = pd.DataFrame({"observed_at": hours, "wind": np.arange(len(hours), dtype=float)})
    return {"flights": pd.DataFrame({"departure": departure}), "weather": weather}


def snapshot(window: str = "evaluation", lead: int | None = 2, minutes: int | None = 0) -> Any:
    arrival = {"time": "observed_at", "arrives_after_minutes": minutes, "history_days": 1}
    weather = {} if minutes is None else arrival
    written = {"window": window, "end": "2013-01-15", "tables": {"flights": {}, "weather": weather}}
    return written | ({} if lead is None else {"lead_hours": lead})


def made(tables: Tables, feature: Callable[[Tables], Any], about: Any = None) -> Made:
    """The values of the only feature, and cause, moment and number of rows of each difference."""
    code = SimpleNamespace(features=lambda raw, _: pd.DataFrame({"x": feature(raw)}, raw["flights"].index))
    columns, found = replayed(code, SETTINGS, tables, about or snapshot())
    assert columns.index.equals(tables["flights"].index)
    return columns["x"].tolist(), [(each["cause"], each["day"], each["rows"]) for each in found]


def wind_before(hours: int) -> Callable[[Tables], Any]:
    def feature(raw: Tables) -> Any:
        asked = raw["flights"]["departure"].dt.floor("h") - pd.Timedelta(hours=hours)
        return asked.map(raw["weather"].set_index("observed_at")["wind"])

    return feature


def newest_wind(raw: Tables) -> Any:
    """What code sees that takes the last row of the table."""
    return raw["weather"]["wind"].iloc[-1] if len(raw["weather"]) else np.nan


def hours_of(tables: Tables) -> list[float]:
    """The whole hours from the first row of the weather to each departure."""
    since = tables["flights"]["departure"].dt.floor("h") - tables["weather"]["observed_at"].iloc[0]
    return (since / pd.Timedelta(hours=1)).tolist()


def test_rows_that_had_arrived_are_the_same_in_one_pass(tables: Tables) -> None:
    values, found = made(tables, wind_before(2))
    assert (values, found) == ([hour - 2 for hour in hours_of(tables)], [])


@pytest.mark.parametrize(("minutes", "hours"), [(0, 1), (1, 2), (120, 3)])
def test_rows_that_had_not_arrived_are_absent_and_named(tables: Tables, minutes: int, hours: int) -> None:
    values, found = made(tables, wind_before(hours), snapshot(minutes=minutes))
    assert np.isnan(values).all()
    assert found == [("later arrivals", "2013-01-10 22:00", 1)]


def test_row_of_the_moment_itself_has_arrived(tables: Tables) -> None:
    values, found = made(tables, newest_wind)
    assert values == [hour - 2 for hour in hours_of(tables)]
    assert found[0] == ("later arrivals", "2013-01-10 22:00", 1)
    late, _ = made(tables, newest_wind, snapshot(minutes=90))
    assert late == [hour - 4 for hour in hours_of(tables)]


def test_rows_are_predicted_when_their_day_begins_without_a_lead(tables: Tables) -> None:
    values, found = made(tables, newest_wind, snapshot(lead=None))
    assert values == [24.0] * 4 + [48.0] * 4 + [72.0] * 4 + [96.0] * 4
    assert found[0] == ("later arrivals", "2013-01-11", 4)


def test_rows_from_before_the_history_are_absent(tables: Tables) -> None:
    def oldest(raw: Tables) -> Any:
        return raw["weather"]["wind"].iloc[0]

    values, found = made(tables, oldest, snapshot(lead=None))
    assert values == [0.0] * 4 + [24.0] * 4 + [48.0] * 4 + [72.0] * 4
    assert found == [("other rows", "2013-01-13", 4)]


def test_table_that_says_nothing_of_its_arrival_is_there_as_a_whole(tables: Tables) -> None:
    values, found = made(tables, newest_wind, snapshot(minutes=None))
    assert (values, found) == ([119.0] * 16, [])


def test_inference_makes_each_moment_by_itself(tables: Tables) -> None:
    values, found = made(tables, newest_wind, snapshot("inference"))
    assert (values, found) == ([hour - 2 for hour in hours_of(tables)], [])
    whole, _ = made(tables, newest_wind, snapshot("inference", minutes=None))
    assert whole == [119.0] * 16


def test_rows_keep_their_order_and_one_without_a_time_is_predicted_last(tables: Tables) -> None:
    tables["flights"] = tables["flights"].iloc[[9, 3, 0, 15]]
    tables["flights"].loc[3, "departure"] = pd.NaT
    values, _ = made(tables, newest_wind, snapshot("inference"))
    assert values == [24 + 9 * 6 - 2, 119.0, 22.0, 24 + 15 * 6 - 2]


def test_no_rows_have_no_features(tables: Tables) -> None:
    tables["flights"] = tables["flights"].head(0)
    for window in ("evaluation", "inference"):
        assert made(tables, wind_before(2), snapshot(window)) == ([], [])


def with_history(tables: Tables) -> tuple[Tables, Any]:
    """A history of delays, each known at the time that its row has, and its entry in the snapshot."""
    times = pd.date_range("2013-01-04 12:00", "2013-01-14 12:00", freq="D")
    delays = np.arange(float(len(times)))
    history = pd.DataFrame({"departure": times, "known_at": times, "by": 1, "delay": delays})
    about = snapshot(minutes=None)
    about["tables"]["flights_history"] = {"history_days": 2}
    return tables | {"flights": tables["flights"].assign(by=1), "flights_history": history}, about


def test_history_ends_where_the_day_of_the_moment_begins(tables: Tables) -> None:
    """A flight at 0:30 is predicted on the day before, so it has the outcomes known before that day."""
    given, about = with_history(tables)

    def mean(raw: Tables) -> Any:
        return raw["flights_history"]["delay"].mean()

    values, _ = made(given, mean, about | {"window": "inference"})
    assert values == [4.5, 5.5, 5.5, 5.5, 5.5, 6.5, 6.5, 6.5, 6.5, 7.5, 7.5, 7.5, 7.5, 8.5, 8.5, 8.5]
    values, found = made(given, mean, about)
    assert (values, found[0]) == ([5.0] * 16, ("later outcomes", "2013-01-10 22:00", 1))


def test_recent_mean_counts_from_the_day_of_the_moment(tables: Tables) -> None:
    given, about = with_history(tables)

    def recent(lead_hours: int) -> Callable[[Tables], Any]:
        return lambda raw: recent_mean(
            raw["flights"], raw["flights_history"], "departure", "delay", "by", 2, lead_hours
        )

    values, found = made(given, recent(2), about)
    assert (values[:5], found) == ([4.5, 5.5, 5.5, 5.5, 5.5], [])
    _, found = made(given, recent(0), about)
    assert found == [("later outcomes", "2013-01-10 22:00", 1)]
