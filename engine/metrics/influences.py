"""The influence functions of the template's metrics: how much each row moves the figure.

Each function is named as its metric and returns its value and one influence for each row. Influences average
to zero, and the mean of (value + influence) behaves like a mean of independent rows, so one formula gives
every metric its interval.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from engine.metrics.metric import Floats, Undefined

CALIBRATION_BINS = 10


def _mean(losses: Floats) -> tuple[float, Floats]:
    value = float(losses.mean())
    return value, losses - value


def _ratio(above: Floats, below: Floats) -> tuple[float, Floats]:
    """A ratio of two means, by the delta method."""
    value = float(above.sum() / below.sum())
    return value, (above - value * below) / below.mean()


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


def average_precision(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Precision at each positive row's prediction, averaged over the positive rows; ties share one precision.

    A row moves the precision at each prediction below its own, and a positive row the average as well.
    """
    positive = _positives(label, "average precision")
    positives = int(np.count_nonzero(positive))
    order = np.argsort(-prediction)
    ranked, hits = prediction[order], positive[order].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ends = np.r_[starts[1:], len(ranked)]
    found_here = np.add.reduceat(hits, starts)
    precision = np.cumsum(found_here) / ends
    value = float(precision @ found_here) / positives
    below = np.cumsum((found_here / ends)[::-1])[::-1]
    below_weighted = np.cumsum((precision * found_here / ends)[::-1])[::-1]
    size, rows = np.diff(np.r_[starts, len(ranked)]), len(label)
    own, shared, weighted = (np.repeat(each, size) for each in (precision, below, below_weighted))
    influence = np.empty(rows)
    influence[order] = (hits * (own - value + shared) - weighted) * (rows / positives)
    return value, influence


def log_loss(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Cross entropy of a probability, kept finite as scikit-learn does it."""
    tiny = np.finfo(np.float64).eps
    right = np.where(label > 0.5, prediction, 1 - prediction)
    return _mean(-np.log(np.clip(right, tiny, 1 - tiny)))


def brier(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Mean squared error of a probability."""
    return _mean((label - prediction) ** 2)


def f1(label: Floats, decision: Floats) -> tuple[float, Floats]:
    """Twice the positives found, of all positives and all rows taken for one."""
    positive, taken = _positives(label, "F1"), decision > 0.5
    return _ratio(2 * _numbers(positive & taken), _numbers(positive) + _numbers(taken))


def recall_at_precision(label: Floats, decision: Floats, precision: float) -> tuple[float, Floats]:
    """Share of positives found, less those that are missing for `precision`.

    So a threshold that is too low to be precise gains nothing by what it finds.
    """
    positive, taken = _positives(label, "recall"), decision > 0.5
    hits, wrong = _numbers(positive & taken), _numbers(taken & ~positive)
    missing = precision / (1 - precision) * wrong - hits
    return _ratio(hits - missing if missing.sum() > 0 else hits, _numbers(positive))


def _positives(label: Floats, title: str) -> NDArray[np.bool_]:
    positive: NDArray[np.bool_] = label > 0.5
    if not positive.any():
        raise Undefined(f"{title} needs positive rows, found none")
    return positive


def _numbers(flags: NDArray[np.bool_]) -> Floats:
    return flags.astype(np.float64)


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


def r2(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Share of the label's variance that is explained, by the delta method for 1 - error / variance."""
    error, error_influence = _mean((label - prediction) ** 2)
    variance, variance_influence = _mean((label - label.mean()) ** 2)
    if not variance:
        raise Undefined(f"R2 needs labels that differ, found {label[0]:g} in all {len(label):,} rows")
    return 1 - error / variance, (error / variance * variance_influence - error_influence) / variance


def mape(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Mean absolute error as a share of the label's size."""
    if zeros := int(np.count_nonzero(label == 0)):
        raise Undefined(f"MAPE needs labels other than 0, found {zeros:,} of {len(label):,} that are 0")
    return _mean(np.abs((label - prediction) / label))


def pinball(label: Floats, prediction: Floats, level: float) -> tuple[float, Floats]:
    """Loss of a quantile: an error costs `level` below the label, and 1 - `level` above it."""
    error = label - prediction
    return _mean(np.maximum(level * error, (level - 1) * error))


def poisson_deviance(label: Floats, prediction: Floats) -> tuple[float, Floats]:
    """Mean deviance of a Poisson distribution with the prediction as its mean."""
    if negative := int(np.count_nonzero(label < 0)):
        raise Undefined(f"Poisson deviance needs labels of 0 and more, found {negative:,} below 0")
    if not_positive := int(np.count_nonzero(prediction <= 0)):
        raise Undefined(f"Poisson deviance needs predictions above 0, found {not_positive:,} others")
    return _mean(2 * (xlogy(label, label / prediction) - label + prediction))


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
