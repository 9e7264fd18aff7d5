"""The influence functions of the template's metrics: how much each row moves the figure.

Each function is named as its metric and returns its value and one influence for each row. Influences average
to zero, and the mean of (value + influence) behaves like a mean of independent rows, so one formula gives
every metric its interval.
"""

import numpy as np
from numpy.typing import NDArray

from engine.metrics.metric import Floats, Undefined

CALIBRATION_BINS = 10


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
