"""Candidate minus reference on the same rows, in the metric's good direction, with its interval."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.documents.policy import Policy
from engine.documents.verdict import Difference
from engine.judging import statistics
from engine.judging.inputs import Invalid, Rows
from engine.judging.statistics import Estimate
from engine.metrics.metric import Floats, Metric, Undefined

HALF = 0.5


def difference(metric: Metric, rows: Rows, reference: str, confidence: float) -> tuple[Difference, Estimate]:
    """Candidate minus reference, paired by row, turned into the metric's good direction.

    The estimate, unlike what is written, may lie outside the metric's bounds.
    """
    candidate, candidate_influence = measure(metric, rows, "candidate")
    other, other_influence = measure(metric, rows, reference)
    influence = metric.sign * (candidate_influence - other_influence)
    estimated = estimate(metric.sign * (candidate - other), influence, rows, confidence)
    shown = estimated.within(metric.difference_bounds)
    return {
        "rows": estimated.rows,
        "clusters": estimated.clusters,
        "effective_clusters": estimated.effective_clusters,
        "rarer_class_rows": estimated.rarer_class_rows,
        "candidate_value": candidate,
        "reference_value": other,
        "difference": estimated.value,
        "lower": shown.lower,
        "upper": shown.upper,
        "standard_error": estimated.standard_error,
    }, estimated


def estimate(value: float, influence: Floats, rows: Rows, confidence: float) -> Estimate:
    """Labels that are all 0 or 1 are classes, of which the rarer one limits what the rows can tell."""
    positive = rows.label == 1
    is_positive = positive if (positive | (rows.label == 0)).all() else None
    return statistics.estimate(value, influence, rows.cluster, confidence, rows.in_sequence, is_positive)


def enough_clusters(estimated: Estimate, policy: Policy) -> bool:
    """Whether the clusters tell as much as the policy requires, even if one day foretells the next."""
    return estimated.effective_clusters >= policy["minimum_clusters"] and not estimated.too_short


def measure(metric: Metric, rows: Rows, model: str) -> tuple[float, Floats]:
    try:
        value, influence = metric.estimate(rows.label, judged_predictions(metric, rows, model))
    except Undefined as error:
        raise Invalid(str(error)) from None
    if not np.isfinite(value):
        raise Invalid(f"the {model}'s {metric.title} is {value}")
    return value, influence


def judged_predictions(metric: Metric, rows: Rows, model: str) -> Floats:
    """The model's predictions, or what it takes each row for, at one half if it has no threshold."""
    predictions = rows.predictions[model]
    if not metric.decides:
        return predictions
    return (predictions >= rows.thresholds.get(model, {}).get(metric.name, HALF)).astype(np.float64)


def with_dummy(rows: Rows, constant: float) -> Rows:
    """`rows` with a model "dummy" that predicts a constant: to find a positive in each row is its best F1."""
    predictions = {**rows.predictions, "dummy": np.full(len(rows.label), constant)}
    return replace(rows, predictions=predictions, thresholds={**rows.thresholds, "dummy": {"f1": 0.0}})


def subset(rows: Rows, mask: NDArray[np.bool_]) -> Rows:
    return replace(
        rows,
        time=rows.time[mask],
        label=rows.label[mask],
        cluster=rows.cluster[mask],
        slices={column: (names, codes[mask]) for column, (names, codes) in rows.slices.items()},
        predictions={name: values[mask] for name, values in rows.predictions.items()},
    )
