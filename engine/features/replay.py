"""Makes single days of a window again, as inference would have, and says which features differ.

This is for honest mistakes: it runs where the change's code runs, which could say anything. Outcomes that a
change must not see are in no table that it gets.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from engine.command_line.component_settings import FeatureSettings, history_of
from engine.features.code import FeatureCode, make_features
from engine.tables.replay import Cause, Difference
from engine.tables.snapshots import Snapshot

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How much sums of the same numbers in another order may differ."""


def find_differences(
    code: FeatureCode,
    settings: FeatureSettings,
    raw: dict[str, pd.DataFrame],
    columns: pd.DataFrame,
    snapshot: Snapshot,
) -> list[Difference]:
    """How `columns`, the features of a window, differ on its first, middle and last day; each feature once.

    A day is made of its own rows and the history that inference loads, and if that differs, again with the
    outcomes that became known later. Nothing is made again without a history, and for inference.
    """
    name, rows = history_of(settings["rows"]), raw[settings["rows"]]
    loaded = snapshot["tables"].get(name)
    if loaded is None or "history_days" not in loaded or snapshot["window"] == "inference":
        return []
    reach = pd.Timedelta(days=loaded["history_days"])
    days, history = rows[settings["time"]].dt.normalize(), raw[name]

    def made_of(day: pd.Timestamp, history: pd.DataFrame) -> pd.DataFrame:
        own = rows[days == day].reset_index(drop=True)
        return make_features(code, settings, raw | {settings["rows"]: own, name: history})

    found: dict[tuple[str, str], Difference] = {}
    for day in first_middle_last(days):
        later = history[history["known_at"] >= day - reach]
        replayed = made_of(day, later[later["known_at"] < day])
        whole = columns[days == day].reset_index(drop=True)
        if not any(compared(replayed, whole, "other rows", day)):
            continue
        revealed = made_of(day, later)
        for difference in (
            *compared(replayed, revealed, "later outcomes", day),
            *compared(revealed, whole, "other rows", day),
        ):
            found.setdefault((difference["cause"], difference["feature"]), difference)
    return [*found.values()]


def first_middle_last(days: "pd.Series[pd.Timestamp]") -> list[pd.Timestamp]:
    """Each once, of the days that have rows."""
    distinct = sorted(days.dropna().unique())
    return [*dict.fromkeys(distinct[at] for at in (0, len(distinct) // 2, -1))] if distinct else []


def compared(
    replayed: pd.DataFrame, made: pd.DataFrame, cause: Cause, day: pd.Timestamp
) -> Iterator[Difference]:
    """Each feature of the same rows that two ways to make it do not agree on."""
    replayed = replayed.reindex(columns=made.columns)
    for feature in made.columns:
        differs, gaps = differing(replayed[feature], made[feature])
        if count := int(differs.sum()):
            difference: Difference = {
                "feature": str(feature),
                "cause": cause,
                "day": f"{day:%Y-%m-%d}",
                "rows": count,
                "day_rows": len(made),
            }
            if largest := gaps[np.isfinite(gaps)].max(initial=0):
                difference["largest"] = float(largest)
            yield difference


def differing(
    one: "pd.Series[Any]", other: "pd.Series[Any]"
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which values differ, and of numbers by how much; missing values are equal."""
    if is_numeric_dtype(one) and is_numeric_dtype(other):
        left, right = (each.to_numpy(float, na_value=np.nan) for each in (one, other))
        with np.errstate(invalid="ignore"):
            return ~np.isclose(left, right, RELATIVE, ABSOLUTE, equal_nan=True), np.abs(left - right)
    texts = [each.astype(object).where(each.notna(), None).to_numpy() for each in (one, other)]
    return texts[0] != texts[1], np.empty(0)
