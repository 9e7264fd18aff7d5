"""The threshold of a metric of decisions, against every threshold that there is."""

import numpy as np
import pytest

from engine.metrics.metrics import METRICS
from engine.training.thresholds import best_threshold

RANDOM = np.random.default_rng(5)
PREDICTION = RANDOM.uniform(size=300).round(2)  # with ties
LABEL = (RANDOM.uniform(size=300) < PREDICTION**2).astype(float)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.decides])
def test_no_other_threshold_is_better(name: str) -> None:
    def value(threshold: float) -> float:
        return METRICS[name].estimate(LABEL, (threshold <= PREDICTION).astype(float))[0]

    best = best_threshold(name, LABEL, PREDICTION)

    assert value(best) == pytest.approx(max(value(threshold) for threshold in np.unique(PREDICTION)))
