"""Points of the report's curves, few enough to draw: ROC, precision and recall, calibration, residuals."""

import numpy as np

from engine.judging.inputs import Rows
from engine.metrics.influences import CALIBRATION_BINS, calibration_bins
from engine.metrics.metric import Floats

POINTS = 120
Points = list[tuple[float, float]]


def curves(rows: Rows, label_type: str) -> dict[str, dict[str, Points]]:
    """For each picture, the curve of each model."""
    drawn = {"calibration": calibration} | (
        {"roc": roc, "precision_recall": precision_recall}
        if label_type == "binary"
        else {"residuals": residuals}
    )
    return {
        picture: {name: draw(rows.label, values) for name, values in rows.predictions.items()}
        for picture, draw in drawn.items()
    }


def thinned(x: Floats, y: Floats) -> Points:
    keep = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
    return [(float(a), float(b)) for a, b in zip(x[keep], y[keep], strict=True)]


def _hits(label: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    """True and false positives at each distinct threshold, from the highest prediction down."""
    order = np.argsort(-prediction)
    ends = np.r_[np.flatnonzero(np.diff(prediction[order])), len(order) - 1]
    positives = np.cumsum(label[order] > 0.5)[ends]
    return positives.astype(np.float64), ends + 1.0 - positives


def roc(label: Floats, prediction: Floats) -> Points:
    true, false = _hits(label, prediction)
    return thinned(np.r_[0, false / false[-1]], np.r_[0, true / true[-1]])


def precision_recall(label: Floats, prediction: Floats) -> Points:
    true, false = _hits(label, prediction)
    return thinned(true / true[-1], true / (true + false))


def calibration(label: Floats, prediction: Floats) -> Points:
    """Mean prediction against mean label in the bins that the calibration error is taken over."""
    bins = calibration_bins(prediction, CALIBRATION_BINS)
    count = np.bincount(bins)
    full = count > 0
    means = (np.bincount(bins, weights=values)[full] / count[full] for values in (prediction, label))
    return [(float(x), float(y)) for x, y in zip(*means, strict=True)]


def residuals(label: Floats, prediction: Floats) -> Points:
    """Quantiles of the error, prediction minus label: a good model's curve is flat and goes through zero."""
    at = np.linspace(0.01, 0.99, 99)
    return thinned(at, np.quantile(prediction - label, at))
