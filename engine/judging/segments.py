"""Look where the candidate got worse: on how many rows, and in which segments of the rows' features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.documents.policy import Policy
from engine.documents.verdict import Difference, Reference, Segment, Verdict, Worse
from engine.judging.decision import unseen_rows
from engine.judging.differences import difference, enough_clusters, subset
from engine.judging.inputs import LABEL, Invalid, Rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.metrics.known_metrics import known_metrics
from engine.tables.columns import encode, floats, is_number

MOST_COLUMNS, MOST_VALUES, MOST_SHOWN = 20, 10, 10
RANGES = 4


def with_worse(verdict: Verdict, rows: Rows | None, inputs: VerdictInputs) -> Verdict:
    """`verdict`, with where the candidate got worse; as it is without a model that predicts otherwise."""
    if rows is None or inputs.truth is None or not {"control", "champion"} & rows.predictions.keys():
        return verdict
    known = inputs.truth.filter(inputs.truth.column(LABEL).is_valid())
    columns = known.column_names[LABEL + 1 :][:MOST_COLUMNS]
    segmented: Rows | None = replace(rows, slices={name: segments(known.column(name)) for name in columns})
    reference: Reference = "control" if "control" in rows.predictions else "champion"
    if np.array_equal(rows.predictions["candidate"], rows.predictions[reference]):
        return verdict
    if segmented and reference == "champion":
        segmented, _ = unseen_rows(segmented, inputs.models["champion"])
    return {**verdict, "worse": worse(segmented, reference, inputs.policy)} if segmented else verdict


def segments(column: pa.ChunkedArray[Any]) -> tuple[list[str], NDArray[np.intp]]:
    """The segments of a feature, and which of them each row is in: its values, or ranges of many numbers."""
    if not is_number(column) or pc.count_distinct(column, mode="all").as_py() <= MOST_VALUES:
        return encode(column)
    values = floats(column)
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, RANGES + 1)[1:-1]))
    texts = [f"{edge:.4g}" for edge in edges]
    named = [f"below {texts[0]}", *map("{} to {}".format, texts, texts[1:]), f"{texts[-1]} and more"]
    ranges = np.searchsorted(edges, values, side="right")
    return [*named, "(missing)"], np.where(np.isnan(values), len(named), ranges)


def worse(rows: Rows, reference: Reference, policy: Policy) -> Worse:
    """Where the candidate is further from the truth than `reference`.

    Each segment has an interval by itself, not corrected for how many there are: it decides nothing.
    """
    own, other = (np.abs(rows.label - rows.predictions[name]) for name in ("candidate", reference))
    examined = list(differences(rows, reference, policy))
    dropped = [each for each in examined if each["upper"] is not None and each["upper"] < 0]
    return {
        "reference": reference,
        "rows": len(rows.label),
        "rows_worse": int(np.count_nonzero(own > other)),
        "rows_better": int(np.count_nonzero(own < other)),
        "segments_examined": len(examined),
        "segments_worse": len(dropped),
        "segments": sorted(dropped, key=lambda each: each["difference"])[:MOST_SHOWN],
    }


def differences(rows: Rows, reference: Reference, policy: Policy) -> Iterator[Segment]:
    """The difference in each segment with rows and clusters enough, of a feature the largest ones."""
    for column, (names, codes) in rows.slices.items():
        counts = np.bincount(codes, minlength=len(names))
        largest = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        for code in largest[counts[largest] >= policy["slices"]["minimum_rows"]]:
            if figures := difference_in(subset(rows, codes == code), reference, policy):
                yield {**figures, "column": column, "value": names[code]}


def difference_in(rows: Rows, reference: Reference, policy: Policy) -> Difference | None:
    """None if the metric has no value on these rows, or if they are too few to tell."""
    metric = known_metrics()[policy["metric"]]
    try:
        figures, estimate = difference(metric, replace(rows, slices={}), reference, policy["confidence"])
    except Invalid:
        return None
    return figures if enough_clusters(estimate, policy) else None
