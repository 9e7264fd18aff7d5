"""Tests of engine/features/history.py: means of what was known, against a loop over the rows."""

import numpy as np
import pandas as pd
import pytest

from engine.features.history import recent_mean


def history_of(rows: int, seed: int = 1) -> pd.DataFrame:
    """Delays of two carriers, some unknown, that become known a day and some hours later."""
    numbers = np.random.default_rng(seed)
    departure = pd.Timestamp("2013-01-01") + pd.to_timedelta(numbers.integers(0, 40 * 1440, rows), "min")
    return pd.DataFrame(
        {
            "carrier": numbers.choice(["AA", "UA"], rows),
            "origin": numbers.choice(["EWR", "JFK"], rows),
            "departure": departure,
            "delay": pd.Series(numbers.integers(-30, 90, rows)).mask(numbers.random(rows) < 0.1),
            "known_at": departure + pd.Timedelta(days=1),
        }
    )


def by_a_loop(rows: pd.DataFrame, history: pd.DataFrame, by: list[str], days: int) -> list[float]:
    means = []
    for _, row in rows.iterrows():
        midnight = row["departure"].normalize()
        known = (history["known_at"] < midnight) & (history["known_at"] >= midnight - pd.Timedelta(days=days))
        same = (history[by] == row[by]).all(axis=1)
        means.append(history.loc[known & same, "delay"].mean())
    return means


@pytest.mark.parametrize("by", ["carrier", ["carrier", "origin"]])
@pytest.mark.parametrize("days", [1, 7])
def test_recent_mean_is_that_of_what_was_known_when_the_day_began(by: str | list[str], days: int) -> None:
    history, rows = history_of(500), history_of(300, seed=2).set_index(np.arange(300)[::-1])
    found = recent_mean(rows, history, "departure", "delay", by, days)
    assert found.index.equals(rows.index)
    expected = by_a_loop(rows, history, [by] if isinstance(by, str) else by, days)
    assert 0 < np.isnan(expected).sum() < 200
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_recent_mean_without_known_outcomes_is_missing() -> None:
    history = history_of(500)
    rows = pd.DataFrame(
        {
            "carrier": ["AA", "DL", "AA", None, "AA"],
            "departure": pd.to_datetime(["2013-01-02", "2013-01-20", None, "2013-01-20", "2013-01-20"]),
        }
    )
    found = recent_mean(rows, history, "departure", "delay", "carrier", 7)
    assert found.notna().tolist() == [False, False, False, False, True]
    nothing = recent_mean(rows, history.head(0), "departure", "delay", "carrier", 7)
    assert (
        nothing.isna().all()
        and len(recent_mean(rows.head(0), history, "departure", "delay", "carrier", 7)) == 0
    )


def test_recent_mean_reads_times_of_any_unit() -> None:
    history, rows = history_of(500), history_of(50, seed=2)
    expected = recent_mean(rows, history, "departure", "delay", "carrier", 7)
    history["known_at"] = history["known_at"].astype("datetime64[s]")
    rows["departure"] = rows["departure"].astype("datetime64[us]")
    assert recent_mean(rows, history, "departure", "delay", "carrier", 7).equals(expected)


def test_recent_mean_changes_nothing_with_what_is_known_later_or_earlier() -> None:
    """Whole numbers have the same bits: a day alone has another history than a window that holds the day."""
    history, rows = history_of(500), history_of(100, seed=2)
    day = rows[rows["departure"].dt.normalize() == "2013-01-20"]
    assert len(day)
    midnight = pd.Timestamp("2013-01-20")
    inside = history["known_at"].between(midnight - pd.Timedelta(days=7), midnight, inclusive="left")
    whole = recent_mean(rows, history, "departure", "delay", "carrier", 7)
    alone = recent_mean(day, history[inside], "departure", "delay", "carrier", 7)
    assert alone.equals(whole[day.index])
