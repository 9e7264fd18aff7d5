"""A rolling feature as it was known each day, beside a rolling mean in pandas that knows every outcome."""

import os
import time
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd

from engine import command_line
from engine.command_line.component_settings import FeatureSettings
from engine.features.code import FeatureCode
from engine.features.history import recent_mean
from engine.features.replay import replayed
from engine.tables.snapshots import Snapshot

ROWS, GROUPS, DAYS, WINDOW_DAYS, TURNS = 1_000_000, 500, 28, 180, 5
GOAL = 2.0
SETTINGS = cast(FeatureSettings, {"rows": "sales", "time": "sold_at"})


def main() -> int:
    command_line.parser(__doc__).parse_args()
    tables = make_tables()
    print(f"{ROWS:,} rows of {GROUPS} groups in {WINDOW_DAYS} days, a mean of {DAYS} days, in turns.")
    print(f"The load is {os.getloadavg()[0]:.1f} now.\n")
    turns = [(seconds(replay, tables), seconds(one_pass, tables)) for _ in range(TURNS)]
    ours, theirs = zip(*turns, strict=True)
    print(f"{'seconds':<44}{'median':>8}  each turn")
    for name, found in (
        ("recent_mean, and three days made again", ours),
        ("one pass of groupby and rolling in pandas", theirs),
    ):
        print(f"{name:<44}{median(found):>8.2f}  {' '.join(f'{each:5.2f}' for each in found)}")
    ratio = median(ours) / median(theirs)
    print(f"{f'ratio (goal: at most {GOAL:g})':<44}{ratio:>8.2f}")
    return int(ratio > GOAL)


def make_tables() -> dict[str, pd.DataFrame]:
    """Rows in the order of time, and the same rows as their history, known a day later."""
    numbers = np.random.default_rng(1)
    minutes = np.sort(numbers.integers(0, WINDOW_DAYS * 1440, ROWS))
    history = pd.DataFrame(
        {
            "group": numbers.integers(0, GROUPS, ROWS),
            "sold_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(minutes, "min"),
            "price": numbers.normal(size=ROWS),
        }
    )
    known_at = history["sold_at"] + pd.Timedelta(days=1)
    return {"sales": history.drop(columns="price"), "sales_history": history.assign(known_at=known_at)}


def features(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> pd.DataFrame:
    mean = recent_mean(tables["sales"], tables["sales_history"], "sold_at", "price", "group", DAYS)
    return pd.DataFrame({"price": mean})


def replay(tables: dict[str, pd.DataFrame]) -> None:
    """What build_features does, between reading and writing."""
    code = cast(FeatureCode, SimpleNamespace(features=features))
    history = {"rows": ROWS, "sha256": "", "uri": "", "history_days": DAYS}
    snapshot = {"window": "training", "end": "2024-06-29", "tables": {"sales_history": history}}
    _, differences = replayed(code, SETTINGS, tables, cast(Snapshot, snapshot))
    if differences:
        raise command_line.WorldError("expected the same features of single days, found others")


def one_pass(tables: dict[str, pd.DataFrame]) -> None:
    """The mean of each row's days, in the order of time, as the rows are."""
    rolling = tables["sales_history"].groupby("group").rolling(f"{DAYS}D", on="sold_at")
    rolling["price"].mean().droplevel("group").sort_index()


def seconds(work: Callable[[dict[str, pd.DataFrame]], None], tables: dict[str, pd.DataFrame]) -> float:
    started = time.perf_counter()
    work(tables)
    return time.perf_counter() - started


if __name__ == "__main__":
    command_line.run(main)
