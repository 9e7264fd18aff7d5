"""What the candidate relies on, by the daily numbers of its own code: shown, and never judged."""

import math

import numpy as np

from engine.documents.record import Importance
from engine.documents.verdict import FeatureImportance, Verdict
from engine.judging import statistics
from engine.judging.verdict_document import finite
from engine.judging.verdict_inputs import VerdictInputs

MOST_DAYS, MOST_FEATURES, MOST_ROWS, LONGEST_NAME, LARGEST = 31, 50, 10_000, 160, 1e9


def with_importance(verdict: Verdict, inputs: VerdictInputs) -> Verdict:
    """`verdict`, with the rise of error by feature, the largest first; as it is without sound numbers."""
    candidate = inputs.models.get("candidate")
    measured = candidate.record.get("importance") if candidate else None
    if verdict["rows"] is None or measured is None or not is_sound(measured):
        return verdict
    importance = [rise_of(name, measured, inputs.policy["confidence"]) for name in measured["rise"]]
    return {**verdict, "importance": finite(sorted(importance, key=lambda each: -each["rise"]))}


def is_sound(measured: Importance) -> bool:
    """Whether the numbers are finite, and as few as the template's own code measures."""
    days, rises = measured["rows"], measured["rise"]
    if not 0 < len(days) <= MOST_DAYS or len(rises) > MOST_FEATURES:
        return False
    if not all(0 < rows <= MOST_ROWS for rows in days):
        return False
    return all(
        len(name) <= LONGEST_NAME
        and len(sums) == len(days)
        and all(math.isfinite(each) and abs(each) <= LARGEST for each in sums)
        for name, sums in rises.items()
    )


def rise_of(name: str, measured: Importance, confidence: float) -> FeatureImportance:
    """The mean rise of the squared error over all rows, with an interval from how it differs by day."""
    rows, sums = np.array(measured["rows"]), np.array(measured["rise"][name], float)
    rise = float(sums.sum() / rows.sum())
    influence = np.repeat(sums / rows - rise, rows)
    estimate = statistics.estimate(rise, influence, np.repeat(np.arange(len(rows)), rows), confidence)
    return {"name": name, "rise": rise, "lower": estimate.lower, "upper": estimate.upper}
