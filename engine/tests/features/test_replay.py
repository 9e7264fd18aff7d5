"""Tests of engine/features/replay.py: what differs when a day of a window is made alone."""

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


@pytest.fixture
def tables() -> Tables:
    """Ten days of five flights, and the delays of all flights of 20 days from ten days earlier on."""
    numbers = np.random.default_rng(1)
    departure = pd.date_range("2013-01-01", periods=20, freq="D").repeat(5) + pd.Timedelta(hours=8)
    history = pd.DataFrame(
        {
            "flight": range(100),
            "carrier": ["AA", "AA", "UA", "UA", "UA"] * 20,
            "departure": departure,
            "delay": numbers.integers(-30, 90, 100).astype(float),
            "known_at": departure + pd.Timedelta(days=1),
        }
    )
    rows = history[history["departure"] >= "2013-01-11"].reset_index(drop=True)
    return {"flights": rows.drop(columns=["delay", "known_at"]), "flights_history": history}


def snapshot(window: str = "training", **entry: Any) -> Any:
    history = {"history_days": 7} | entry
    return {"window": window, "end": "2013-01-21", "tables": {"flights": {}, "flights_history": history}}


def differences(
    tables: Tables, feature: Callable[[Tables], Any], about: Any = None
) -> list[tuple[str, str, int]]:
    """Cause, day and number of rows of each difference of the only feature."""
    code = SimpleNamespace(features=lambda raw, _: pd.DataFrame({"x": feature(raw)}, raw["flights"].index))
    columns, found = replayed(code, SETTINGS, tables, about or snapshot())
    assert columns.equals(code.features({name: table.copy() for name, table in tables.items()}, {}))
    assert all((each["feature"], each["day_rows"]) == ("x", 5) for each in found)
    return [(each["cause"], each["day"], each["rows"]) for each in found]


def recent(raw: Tables, days: int = 7) -> Any:
    return recent_mean(raw["flights"], raw["flights_history"], "departure", "delay", "carrier", days)


def carriers_mean(raw: Tables) -> Any:
    return raw["flights"]["carrier"].map(raw["flights_history"].groupby("carrier")["delay"].mean())


def own_delay(raw: Tables) -> Any:
    return raw["flights"]["flight"].map(raw["flights_history"].set_index("flight")["delay"])


def test_mean_of_what_was_known_is_the_same_alone(tables: Tables) -> None:
    assert recent(tables).notna().all()
    assert differences(tables, recent) == []


def test_history_of_later_days_is_a_leak(tables: Tables) -> None:
    assert ("later outcomes", "2013-01-11", 5) in differences(tables, carriers_mean)
    assert differences(tables, own_delay) == [("later outcomes", "2013-01-11", 5)]


def test_leak_of_the_middle_day_alone_is_found(tables: Tables) -> None:
    def of_one_day(raw: Tables) -> Any:
        return carriers_mean(raw).where(raw["flights"]["departure"].dt.day == 16, 0)

    assert ("later outcomes", "2013-01-16", 5) in differences(tables, of_one_day)


def test_other_rows_of_the_batch_are_a_warning_with_their_size(tables: Tables) -> None:
    tables["flights"]["price"] = np.arange(50.0)
    found = differences(tables, lambda raw: raw["flights"]["price"] - raw["flights"]["price"].mean())
    assert found == [("other rows", "2013-01-11", 5)]
    code = SimpleNamespace(features=lambda raw, _: raw["flights"][["price"]] - raw["flights"]["price"].mean())
    _, [difference] = replayed(code, SETTINGS, tables, snapshot())
    assert difference["largest"] == 22.5, "2 for the day alone and 24.5 for all"


def test_longer_history_than_inference_loads_is_a_warning(tables: Tables) -> None:
    assert differences(tables, lambda raw: recent(raw, 9)) == [("other rows", "2013-01-11", 5)]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_values_and_texts_are_compared(tables: Tables, missing: Any) -> None:
    first = pd.Timestamp("2013-01-12")

    def text(raw: Tables) -> Any:
        known = raw["flights_history"]["known_at"].max() > first
        return ["late" if known else missing] * 4 + ["early"] * (len(raw["flights"]) - 4)

    leak, warning = ("later outcomes", "2013-01-11", 4), ("other rows", "2013-01-16", 4)
    assert differences(tables, text) == [leak, warning]
    assert differences(tables, lambda raw: pd.Series([missing] * len(raw["flights"]), dtype=object)) == []
    assert differences(tables, lambda raw: pd.array([None] * len(raw["flights"]), "Int64")) == []


def test_features_may_change_their_tables(tables: Tables) -> None:
    def later(raw: Tables) -> Any:
        raw["flights"]["departure"] = raw["flights"]["departure"] + pd.Timedelta(days=1)
        return raw["flights"]["departure"].dt.day

    assert differences(tables, later) == []


@pytest.mark.parametrize(
    "about",
    [
        snapshot() | {"tables": {"flights": {}, "flights_history": {}}},
        snapshot() | {"tables": {"flights": {}}},
        snapshot("inference"),
    ],
    ids=["a table of that name", "no history", "inference"],
)
def test_days_are_made_again_only_where_there_is_a_history_to_check(tables: Tables, about: Any) -> None:
    assert differences(tables, carriers_mean, about) == []


def test_no_rows_have_no_days(tables: Tables) -> None:
    tables["flights"] = tables["flights"].head(0)
    assert differences(tables, carriers_mean) == []
