"""Every metric against scikit-learn, and every influence against the slope that it claims to be."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics.influences import average_precision, calibration_bins, roc_auc
from engine.metrics.metric import Undefined
from engine.metrics.metrics import METRICS, PINBALL_PERCENT

RANDOM = np.random.default_rng(7)
NUMBERS = RANDOM.normal(size=(2, 400))
PROBABILITY = RANDOM.uniform(0.01, 0.99, 400).round(2)  # with ties
CLASSES = (RANDOM.uniform(size=400) < PROBABILITY).astype(float)


def root_mean_squared(label, prediction, sample_weight=None):
    return sklearn.metrics.mean_squared_error(label, prediction, sample_weight=sample_weight) ** 0.5


def share_right(label, prediction, sample_weight=None):
    return sklearn.metrics.accuracy_score(label, prediction > 0.5, sample_weight=sample_weight)


def f1_score(label, prediction, sample_weight=None):
    return sklearn.metrics.f1_score(label, prediction > 0.5, sample_weight=sample_weight)


def recall_of(percent):
    """Recall, less what is missing for that precision, of weighted rows."""

    def oracle(label, prediction, sample_weight=None):
        taken, weights = prediction > 0.5, sample_weight
        recall = sklearn.metrics.recall_score(label, taken, sample_weight=weights)
        precision = sklearn.metrics.precision_score(label, taken, sample_weight=weights)
        wrong = recall / precision - recall
        return recall - max(wrong * percent / (100 - percent) - recall, 0)

    return oracle


def pinball_90(label, prediction, sample_weight=None):
    return sklearn.metrics.mean_pinball_loss(label, prediction, alpha=0.9, sample_weight=sample_weight)


ORACLES = {
    "roc_auc": (sklearn.metrics.roc_auc_score, CLASSES, PROBABILITY),
    "average_precision": (sklearn.metrics.average_precision_score, CLASSES, PROBABILITY),
    "log_loss": (sklearn.metrics.log_loss, CLASSES, PROBABILITY),
    "brier": (sklearn.metrics.brier_score_loss, CLASSES, PROBABILITY),
    "accuracy": (share_right, CLASSES, PROBABILITY),
    "f1": (f1_score, CLASSES, PROBABILITY),
    "recall_at_precision_50": (recall_of(50), CLASSES, PROBABILITY),
    "recall_at_precision_90": (recall_of(90), CLASSES, PROBABILITY),
    "mae": (sklearn.metrics.mean_absolute_error, *NUMBERS),
    "rmse": (root_mean_squared, *NUMBERS),
    "r2": (sklearn.metrics.r2_score, *NUMBERS),
    "mape": (sklearn.metrics.mean_absolute_percentage_error, np.sign(NUMBERS[0]) + NUMBERS[0], NUMBERS[1]),
    "pinball_90": (pinball_90, *NUMBERS),
    "poisson_deviance": (sklearn.metrics.mean_poisson_deviance, np.floor(abs(NUMBERS[0])), abs(NUMBERS[1])),
}


@pytest.mark.parametrize("name", ORACLES)
def test_a_value_is_scikit_learns(name):
    oracle, label, prediction = ORACLES[name]

    value, _ = METRICS[name].estimate(label, prediction)

    assert value == pytest.approx(oracle(label, prediction), abs=1e-12)


@pytest.mark.parametrize("name", ORACLES)
def test_an_influence_is_how_a_rows_weight_moves_the_value(name):
    oracle, label, prediction = ORACLES[name]
    step = 1e-5

    def weighted(row, weight):
        weights = np.full(len(label), (1 - weight) / len(label))
        weights[row] += weight
        return oracle(label, prediction, sample_weight=weights)

    _, influence = METRICS[name].estimate(label, prediction)

    for row in range(0, len(label), 37):
        slope = (weighted(row, step) - weighted(row, -step)) / (2 * step)
        assert influence[row] == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize("name", METRICS)
def test_influences_average_to_zero(name):
    _, label, prediction = ORACLES.get(name, (None, CLASSES, PROBABILITY))

    _, influence = METRICS[name].estimate(label, prediction)

    assert abs(influence.mean()) < 1e-12


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_average_precision_is_scikit_learns_with_any_ties(rows):
    label, score = np.array(rows, dtype=float).T
    if not label.any():
        with pytest.raises(Undefined, match="needs positive rows, found none"):
            average_precision(label, score)
        return
    value, influence = average_precision(label, score)

    assert value == pytest.approx(sklearn.metrics.average_precision_score(label, score))
    assert abs(influence.sum()) < 1e-9


@pytest.mark.parametrize(
    ("name", "label", "prediction", "message"),
    [
        ("mape", [0.0, 2.0], [1.0, 1.0], "MAPE needs labels other than 0, found 1 of 2 that are 0"),
        ("r2", [3.0, 3.0], [1.0, 2.0], "R2 needs labels that differ, found 3 in all 2 rows"),
        ("poisson_deviance", [-1.0, 2.0], [1.0, 1.0], "needs labels of 0 and more, found 1 below 0"),
        ("poisson_deviance", [1.0, 2.0], [0.0, 1.0], "needs predictions above 0, found 1 others"),
    ],
)
def test_a_metric_without_a_value_says_why(name, label, prediction, message):
    with pytest.raises(Undefined, match=message):
        METRICS[name].estimate(np.array(label), np.array(prediction))


def test_a_quantile_is_the_constant_with_the_lowest_pinball_loss():
    label = NUMBERS[0]
    for percent in PINBALL_PERCENT:
        metric = METRICS[f"pinball_{percent}"]

        def loss(constant, estimate=metric.estimate):
            return estimate(label, np.full(len(label), constant))[0]

        best = np.quantile(label, metric.best_constant)
        assert loss(best) <= min(loss(best - 0.05), loss(best + 0.05)) + 1e-12


def test_recall_at_a_precision_gains_nothing_by_a_threshold_that_is_too_low():
    recall = METRICS["recall_at_precision_90"].estimate
    positive = CLASSES > 0.5

    def value(threshold):
        return recall(CLASSES, (threshold <= PROBABILITY).astype(float))[0]

    precise = [t for t in np.unique(PROBABILITY) if positive[t <= PROBABILITY].mean() >= 0.9]
    assert value(precise[0]) == pytest.approx((positive & (precise[0] <= PROBABILITY)).sum() / positive.sum())
    assert value(0.0) < 0 < value(precise[0])
    assert recall(CLASSES, np.zeros(len(CLASSES)))[0] == 0


def test_calibration_error_is_the_mean_gap_of_the_bins():
    value, _ = METRICS["calibration_error"].estimate(CLASSES, PROBABILITY)

    bins = calibration_bins(PROBABILITY)
    gaps = [abs((CLASSES - PROBABILITY)[bins == each].sum()) for each in range(10)]
    assert value == pytest.approx(sum(gaps) / len(CLASSES))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_auc_hangs_on_ranks_alone(rows):
    label, score = np.array(rows, dtype=float).T
    if len(set(label)) < 2:
        with pytest.raises(Undefined, match="both classes"):
            roc_auc(label, score)
        return
    value, influence = roc_auc(label, score)

    pairs = score[label > 0.5][:, None] - score[label < 0.5][None, :]
    assert value == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    stretched_value, stretched_influence = roc_auc(label, np.exp(score / 7) - 3)
    assert (value, *influence) == (stretched_value, *stretched_influence)
    assert roc_auc(label, -score)[0] == pytest.approx(1 - value)


@given(st.sampled_from(sorted(METRICS)), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(name, random):
    _, label, prediction = ORACLES.get(name, (None, CLASSES, PROBABILITY))
    order = np.array(random.sample(range(len(label)), len(label)))

    value, influence = METRICS[name].estimate(label, prediction)
    shuffled_value, shuffled_influence = METRICS[name].estimate(label[order], prediction[order])

    assert shuffled_value == pytest.approx(value, abs=1e-12)
    assert np.allclose(shuffled_influence, influence[order], atol=1e-12)


def test_a_perfect_regression_has_no_error_and_no_slope():
    value, influence = METRICS["rmse"].estimate(CLASSES, CLASSES)

    assert value == 0
    assert not influence.any()
