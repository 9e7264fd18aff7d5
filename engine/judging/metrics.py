"""Metrics and their influence functions: how much each row moves the figure.

Every metric returns its value and one influence for each row. Influences average to zero, and the mean of
(value + influence) behaves like a mean of independent rows, so one formula gives every metric its interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Estimator = Callable[[Floats, Floats], tuple[float, Floats]]

CALIBRATION_BINS = 10


class Undefined(Exception):  # noqa: N818 - a property of the data, told as a finding
    """The metric has no value on these rows; the message says why."""


@dataclass(frozen=True)
class Metric:
    """One figure of quality; `estimate(label, prediction)` gives its value and each row's influence."""

    name: str
    title: str
    higher_is_better: bool
    label_types: tuple[str, ...]
    estimate: Estimator

    @property
    def sign(self) -> int:
        """Turns a difference into the good direction."""
        return 1 if self.higher_is_better else -1


def _mean(losses: Floats) -> tuple[float, Floats]:
    value = float(losses.mean())
    return value, losses - value


def roc_auc(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Area under the ROC curve; influences are DeLong's placements (1988), ties count one half."""
    positives = int(np.count_nonzero(label > 0.5))
    negatives = len(label) - positives
    if not positives or not negatives:
        raise Undefined(
            f"ROC AUC needs both classes, found {positives} positive and {negatives} negative rows"
        )
    order = np.argsort(prediction)
    ranked, positive = prediction[order], label[order] > 0.5
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    size = np.diff(np.r_[starts, len(ranked)])
    tied_positive = np.add.reduceat(positive, starts, dtype=np.int64)
    tied_negative = size - tied_positive
    negatives_below = (np.cumsum(tied_negative) - 0.5 * tied_negative) / negatives
    positives_above = (positives - np.cumsum(tied_positive) + 0.5 * tied_positive) / positives
    value = float(negatives_below @ tied_positive) / positives
    influence = np.empty(len(label))
    influence[order] = np.where(
        positive,
        np.repeat((negatives_below - value) * (len(label) / positives), size),
        np.repeat((positives_above - value) * (len(label) / negatives), size),
    )
    return value, influence


def log_loss(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Cross entropy of a probability, kept finite as scikit-learn does it."""
    tiny = np.finfo(np.float64).eps
    right = np.where(label > 0.5, prediction, 1 - prediction)
    return _mean(-np.log(np.clip(right, tiny, 1 - tiny)))


def accuracy(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Share of rows on the right side of one half."""
    return _mean(((prediction > 0.5) == (label > 0.5)).astype(np.float64))


def mae(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Mean absolute error."""
    return _mean(np.abs(label - prediction))


def rmse(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Root mean squared error, by the delta method: d sqrt(m) = dm / (2 sqrt(m))."""
    mean, influence = _mean((label - prediction) ** 2)
    root = float(np.sqrt(mean))
    return root, influence / (2 * root) if root else influence


def calibration_bins(prediction: Floats, bins: int = CALIBRATION_BINS) -> NDArray[np.intp]:
    """The bin of each row: equal sizes but for ties, and nothing hangs on the order of rows."""
    edges = np.quantile(prediction, np.arange(1, bins) / bins)
    return np.searchsorted(edges, prediction, side="right")


def calibration_error(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Mean gap of prediction and label in bins of the prediction (ECE); influences hold the bins fixed."""
    gap = label - prediction
    bins = calibration_bins(prediction)
    direction = np.sign(np.bincount(bins, weights=gap))
    return _mean(direction[bins] * gap)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "ROC AUC", True, ("binary",), roc_auc),
        Metric("log_loss", "log loss", False, ("binary",), log_loss),
        Metric("accuracy", "accuracy", True, ("binary",), accuracy),
        Metric("mae", "MAE", False, ("number",), mae),
        Metric("rmse", "RMSE", False, ("number",), rmse),
        Metric("calibration_error", "calibration error", False, ("binary", "number"), calibration_error),
    )
}
