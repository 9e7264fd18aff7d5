"""The threshold of a probability at which a metric of decisions is highest."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_threshold(name: str, label: Floats, prediction: Floats) -> float:
    """The prediction from which on rows are best taken for positive ones, by the metric `name`."""
    order = np.argsort(-prediction, kind="stable")
    ranked, positive = prediction[order], label[order] > 0.5
    ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
    hits = np.cumsum(positive, dtype=np.float64)[ends]
    values = value_of(name, hits, ends + 1 - hits, int(positive.sum()))
    return float(ranked[ends[np.argmax(values)]])


def value_of(name: str, hits: Floats, wrong: Floats, positives: int) -> Floats:
    """The metric if `hits` positives and `wrong` others are taken for positive ones."""
    if name == "f1":
        return 2 * hits / (hits + wrong + positives)
    precision = int(name.removeprefix("recall_at_precision_")) / 100
    missing = precision / (1 - precision) * wrong - hits
    return (hits - np.maximum(missing, 0)) / positives
