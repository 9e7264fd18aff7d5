"""The intervals against brute force: a clustered bootstrap, scipy's t, and how often they cover the truth."""

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.judging import statistics
from engine.judging.statistics import Estimate, SerialCorrelation
from engine.metrics.metrics import METRICS

DAYS, ROWS = 31, 40
INDEPENDENT = SerialCorrelation(0.0, 1.0, 1.0)


def found(value: float, standard_error: float, clusters: int = 31) -> Estimate:
    half = scipy.stats.t.ppf(0.975, clusters - 1) * standard_error
    return Estimate(
        value, value - half, value + half, standard_error, 1000, clusters, INDEPENDENT, clusters, clusters - 1
    )


def flights_like(random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Labels whose rate moves by day, two equally good models, and the day of each row."""
    day = np.repeat(np.arange(DAYS), ROWS)
    signal = random.normal(size=len(day)) + random.normal(size=DAYS)[day]
    label = (random.uniform(size=len(day)) < 1 / (1 + np.exp(1 - signal))).astype(float)
    errors = random.normal(size=(2, len(day))) + random.normal(size=(2, DAYS))[:, day]
    return label, signal + errors[0], signal + errors[1], day


ORACLES = {
    "roc_auc": sklearn.metrics.roc_auc_score,
    "average_precision": sklearn.metrics.average_precision_score,
    "mae": sklearn.metrics.mean_absolute_error,
    "r2": sklearn.metrics.r2_score,
}


@pytest.mark.parametrize("name", ORACLES)
def test_the_standard_error_is_a_clustered_bootstraps(name):
    random = np.random.default_rng(3)
    label, one, other, day = flights_like(random)
    oracle, metric = ORACLES[name], METRICS[name].estimate

    (first, first_influence), (second, second_influence) = metric(label, one), metric(label, other)
    estimate = statistics.estimate(first - second, first_influence - second_influence, day, 0.95, False)

    drawn = random.multinomial(DAYS, [1 / DAYS] * DAYS, size=400)[:, day].astype(float)
    resampled = [oracle(label, one, sample_weight=w) - oracle(label, other, sample_weight=w) for w in drawn]
    assert estimate.standard_error == pytest.approx(np.std(resampled), rel=0.12)


def test_the_interval_is_students():
    day = np.array([0, 0, 1, 1, 2, 2])
    influence = np.array([1.0, 2.0, -4.0, 0.0, 3.0, -2.0])

    estimate = statistics.estimate(0.5, influence, day, 0.9)

    error = math.sqrt(3 / 2 * (9 + 16 + 1)) / 6
    assert estimate.serial_correlation.widening == 1
    assert estimate.standard_error == pytest.approx(error)
    assert estimate.upper - 0.5 == pytest.approx(scipy.stats.t.ppf(0.95, 2) * error)


def test_a_large_cluster_counts_by_its_leverage_and_leaves_few_effective_ones():
    sizes, sums = np.array([6, 2, 2]), np.array([6.0, -4.0, -2.0])
    cluster, influence = np.repeat(np.arange(3), sizes), np.repeat(sums / sizes, sizes)

    estimate = statistics.estimate(0.5, influence, cluster, 0.95, in_sequence=False)

    moves = sums / (10 - sizes)
    effective = 100 / (36 + 4 + 4)
    assert estimate.standard_error == pytest.approx(math.sqrt(2 / 3 * moves @ moves))
    assert (estimate.effective_clusters, estimate.rarer_class_rows) == (effective, None)
    half = scipy.stats.t.ppf(0.975, effective - 1) * estimate.standard_error
    assert estimate.upper - 0.5 == pytest.approx(half)


def test_the_class_with_the_fewest_effective_clusters_counts():
    cluster = np.repeat(np.arange(4), 5)
    is_positive = np.zeros(20, dtype=bool)
    is_positive[[0, 1, 5, 10]] = True
    influence = np.where(is_positive, 3.0, -1.0) * np.repeat([1.0, -2.0, 1.0, 0.5], 5)

    estimate = statistics.estimate(0.5, influence, cluster, 0.95, False, is_positive)

    positive = np.array([6.0, -6.0, 3.0, 0.0]) / (1 - np.array([2, 1, 1, 0]) / 4)
    negative = np.array([-3.0, 8.0, -4.0, -2.5]) / (1 - np.array([3, 4, 4, 5]) / 16)
    moves = (positive + negative) / 20
    assert estimate.effective_clusters == 16 / 6
    assert estimate.rarer_class_rows == 3 + 1
    assert estimate.standard_error == pytest.approx(math.sqrt(3 / 4 * moves @ moves))


def test_one_row_of_a_class_says_nothing():
    estimate = statistics.estimate(
        0.5, np.ones(20), np.repeat(np.arange(4), 5), 0.95, False, np.arange(20) == 7
    )

    assert (estimate.lower, estimate.upper, estimate.effective_clusters) == (-math.inf, math.inf, 1)
    assert statistics.p_value_below(estimate, 0.9) == 1


def coverage(series: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """How often the interval of the mean holds the true 0, and how often it would if it were not widened."""
    day = np.arange(series.shape[1])
    held = []
    for values in series:
        estimate = statistics.estimate(values.mean(), values - values.mean(), day, confidence)
        half = (estimate.upper - estimate.lower) / 2
        plain = half / estimate.serial_correlation.widening
        held.append((abs(estimate.value) <= half, abs(estimate.value) <= plain))
    return tuple(np.mean(held, axis=0))


def autoregression(correlation: float, repeats: int = 1500) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=(repeats, DAYS + 30))
    for step in range(1, noise.shape[1]):
        noise[:, step] += correlation * noise[:, step - 1]
    return noise[:, 30:]


def test_the_interval_covers_the_truth_as_often_as_it_says():
    widened, _ = coverage(autoregression(0.0))

    assert 0.94 < widened < 0.975


@pytest.mark.parametrize(("correlation", "least"), [(0.2, 0.91), (0.4, 0.9), (0.5, 0.89)])
def test_the_interval_covers_when_days_foretell_the_next(correlation, least):
    widened, plain = coverage(autoregression(correlation))

    assert widened > least
    assert widened - plain > 0.03


def test_the_difference_of_two_equal_models_is_rarely_significant():
    random, outside = np.random.default_rng(11), 0
    for _ in range(300):
        label, one, other, day = flights_like(random)
        (first, first_influence), (second, second_influence) = (
            METRICS["roc_auc"].estimate(label, score) for score in (one, other)
        )
        estimate = statistics.estimate(first - second, first_influence - second_influence, day, 0.95)
        outside += not estimate.lower <= 0 <= estimate.upper

    assert 3 <= outside <= 27


clustered = st.lists(st.tuples(st.integers(0, 6), st.floats(-10, 10)), min_size=8, max_size=80)


@given(clustered)
@settings(max_examples=60, deadline=None)
def test_swapping_the_models_mirrors_the_interval(rows):
    day, influence = np.array([d for d, _ in rows]), np.array([value for _, value in rows])

    one = statistics.estimate(0.3, influence, day, 0.95)
    other = statistics.estimate(-0.3, -influence, day, 0.95)

    assert (one.lower, one.upper) == (-other.upper, -other.lower)


@given(clustered)
@settings(max_examples=60, deadline=None)
def test_rows_that_repeat_within_their_cluster_add_no_certainty(rows):
    day, influence = np.array([d for d, _ in rows]), np.array([value for _, value in rows])

    once = statistics.estimate(0.0, influence, day, 0.95)
    thrice = statistics.estimate(0.0, np.tile(influence, 3), np.tile(day, 3), 0.95)

    assert thrice.standard_error == pytest.approx(once.standard_error)
    assert thrice.clusters == once.clusters


def test_one_cluster_says_nothing():
    estimate = statistics.estimate(0.1, np.array([1.0, -1.0]), np.array([4, 4]), 0.95)

    assert (estimate.lower, estimate.upper, estimate.clusters) == (-math.inf, math.inf, 1)
    assert statistics.minimum_detectable_effect(estimate, 0.95) == math.inf
    assert statistics.rows_to_decide(estimate, 0.0) is None


def test_no_influence_is_no_uncertainty():
    estimate = statistics.estimate(0.0, np.zeros(6), np.arange(6), 0.95)

    assert (estimate.lower, estimate.upper) == (0, 0)
    assert statistics.p_value_below(estimate, 0.0) == 1
    assert statistics.p_value_below(estimate, 0.1) == 0


def test_the_p_value_of_a_drop_is_one_sided():
    expected = scipy.stats.t.cdf((-0.03 + 0.01) / 0.01, 30)

    assert statistics.p_value_below(found(-0.03, 0.01), -0.01) == pytest.approx(expected)


def test_holm_corrects_as_its_table_says():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.5, 0.9]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_the_minimum_detectable_effect_is_detected_four_times_out_of_five():
    effect = statistics.minimum_detectable_effect(found(0.0, 0.01), 0.95)

    trials = np.random.default_rng(2).normal(effect, 0.01, size=20_000)
    assert np.mean(trials > scipy.stats.t.ppf(0.975, 30) * 0.01) == pytest.approx(0.8, abs=0.01)


def test_the_rows_that_would_decide_shrink_the_interval_to_the_threshold():
    estimate = found(0.004, 0.01)

    rows = statistics.rows_to_decide(estimate, -0.005)

    half = (estimate.upper - estimate.value) * math.sqrt(estimate.rows / rows)
    assert estimate.value - half == pytest.approx(-0.005, abs=1e-5)
    assert statistics.rows_to_decide(found(0.004, 0.01), 0.004) is None
