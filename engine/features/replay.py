"""Makes features as inference would have, and says which differ from those of one pass over a window.

This is for honest mistakes: it runs where the change's code runs, which could say anything. Outcomes that a
change must not see are in no table that it gets.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from engine.command_line.component_settings import FeatureSettings
from engine.features.batches import Batch, Batches, Frames
from engine.features.code import FeatureCode
from engine.tables.replay import Cause, Difference
from engine.tables.snapshots import WrittenSnapshot

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How much sums of the same numbers in another order may differ."""


def replayed(
    code: FeatureCode, settings: FeatureSettings, raw: Frames, snapshot: WrittenSnapshot
) -> tuple[pd.DataFrame, list[Difference]]:
    """The features that count, and how one pass over the window makes those of some batches otherwise.

    One pass is enough if it differs nowhere. Where rows arrive, or are predicted a lead before their time,
    each batch is made by itself as soon as one differs, and always for inference. Features of later outcomes
    are refused, so they are not made again.
    """
    batches = Batches(settings, raw, snapshot)
    is_limited = bool(batches.timed)
    if snapshot["window"] == "inference":
        apart = is_limited and batches.arrives
        return batches.one_by_one(code) if apart else batches.at_once(code), []
    columns = batches.at_once(code)
    differences = find_differences(code, batches, columns) if is_limited else []
    is_refused = any(each["cause"] == "later outcomes" for each in differences)
    apart = bool(differences) and batches.arrives and not is_refused
    return batches.one_by_one(code) if apart else columns, differences


def find_differences(code: FeatureCode, batches: Batches, columns: pd.DataFrame) -> list[Difference]:
    """How `columns`, the features of one pass, differ in a sample of batches; each feature once by cause."""
    differences: dict[tuple[str, str], Difference] = {}
    for batch in batches.sample():
        for difference in batch_differences(code, batches, columns, batch):
            differences.setdefault((difference["cause"], difference["feature"]), difference)
    return [*differences.values()]


def batch_differences(
    code: FeatureCode, batches: Batches, columns: pd.DataFrame, batch: Batch
) -> Iterator[Difference]:
    """A batch is made with what inference loads; if it differs, with later outcomes, then with later rows."""
    whole = columns.iloc[batch.positions].reset_index(drop=True)
    alone = batches.made(code, batch)
    if any(compared(alone, whole, "other rows", batch)):
        with_outcomes = batches.made(code, batch, batches.history)
        with_arrivals = batches.made(code, batch, *batches.timed)
        yield from compared(alone, with_outcomes, "later outcomes", batch)
        yield from compared(with_outcomes, with_arrivals, "later arrivals", batch)
        yield from compared(with_arrivals, whole, "other rows", batch)


def compared(one: pd.DataFrame, other: pd.DataFrame, cause: Cause, batch: Batch) -> Iterator[Difference]:
    """Each feature of the same rows that two ways to make it do not agree on."""
    one = one.reindex(columns=other.columns)
    for feature in other.columns:
        differs, gaps = differing(one[feature], other[feature])
        if count := int(differs.sum()):
            difference: Difference = {
                "feature": str(feature),
                "cause": cause,
                "day": f"{batch.moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
                "rows": count,
                "day_rows": len(other),
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
