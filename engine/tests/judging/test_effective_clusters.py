"""Numbers of the jackknife, of the correlation in time and of the tests, worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from engine.judging import statistics
from engine.judging.statistics import Estimate, SerialCorrelation

FOUND = Estimate(1.0, -1.0, 3.0, 0.5, 100, 31, None, 31.0, 30.0)


@pytest.mark.parametrize(
    ("sizes", "effective"), [([5, 5, 5], 3.0), ([1], 1.0), ([1, 1, 0], 2.0), ([3, 1], 1.6), ([0, 0], 0.0)]
)
def test_clusters_of_unequal_size_count_less(sizes: list[int], effective: float) -> None:
    assert statistics.effective_number(np.array(sizes)) == effective


def test_two_effective_clusters_have_an_interval_and_fewer_have_none() -> None:
    two, fewer = np.array([0, 1]), np.array([0, 0, 1])

    moves, effective = statistics.jackknife(np.array([1.0, -1.0]), two, None)
    unknown, less = statistics.jackknife(np.array([1.0, 1.0, -2.0]), fewer, None)

    assert (moves.tolist(), effective) == ([1.0, -1.0], 2.0)
    assert (unknown.tolist(), less) == ([0.0, 0.0], 1.8)


@pytest.mark.parametrize("is_positive", [None, np.array([True, False] * 3)])
def test_numbers_that_no_row_has_are_no_clusters(is_positive: np.ndarray | None) -> None:
    influence, apart = np.array([2.0, 1.0, -1.0, 0.0, -1.0, -1.0]), np.array([0, 0, 3, 3, 5, 5])

    moves, effective = statistics.jackknife(influence, apart, is_positive)
    together, _ = statistics.jackknife(influence, np.array([0, 0, 1, 1, 2, 2]), is_positive)

    assert moves.tolist() == together.tolist()
    assert effective == 3.0
    one = np.array([0, 2])
    assert statistics.jackknife(np.array([1.0, -1.0]), one, None)[0].tolist() == [1.0, -1.0]


@pytest.mark.parametrize("only", [True, False])
def test_a_cluster_of_one_class_is_a_cluster(only: bool) -> None:
    cluster, is_positive = np.array([0, 0, 1, 1, 2, 2]), np.array([True, False, True, False, only, only])

    moves, effective = statistics.jackknife(np.array([1.0, -1.0, 0.0, 0.0, 2.0, -2.0]), cluster, is_positive)

    assert len(moves) == 3
    assert effective == 2.0


def test_a_class_in_one_cluster_leaves_as_many_unknown_moves_as_clusters_have_rows() -> None:
    moves, effective = statistics.jackknife(
        np.ones(4), np.array([0, 0, 2, 2]), np.array([True, False, False, False])
    )

    assert (moves.tolist(), effective) == ([0.0, 0.0], 1.0)


def test_an_estimate_without_an_interval_has_infinite_bounds() -> None:
    is_positive = np.array([True, False, False, False, False])

    found = statistics.estimate(0.5, np.ones(5), np.array([0, 0, 1, 1, 1]), 0.95, False, is_positive)
    nothing_positive = statistics.estimate(
        0.5, np.ones(4), np.array([0, 0, 1, 1]), 0.95, False, np.zeros(4, dtype=bool)
    )

    infinite = (-math.inf, math.inf, math.inf)
    assert found == Estimate(0.5, *infinite, 5, 2, None, 1.0, 0.0, 1)
    assert nothing_positive == Estimate(0.5, *infinite, 4, 2, None, 0.0, 0.0, 0)


def series(count: int, **values: float) -> np.ndarray:
    """A series of zeros but for some values by their position."""
    made = np.zeros(count)
    for position, value in values.items():
        made[int(position.removeprefix("at_"))] = value
    return made


@pytest.mark.parametrize(
    ("moves", "raw", "distance", "corrected"),
    [
        (series(16, at_0=1), 0, (1 / 16) * 4, 1 / 16 + 0.4 / 4),
        (series(100, at_0=1, at_1=1), 0.5, (0.5 + 1 / 100) * 10, 0.5 + 3 / 100 + 0.4 / 10),
        (series(100, at_0=1, at_1=-1), -0.5, (-0.5 + 1 / 100) * 10, 0),
        (np.array([1.0, 1, -1, -1]), 0.25, (0.25 + 1 / 4) * 2, 0.9),
        (np.array([1.0, 0, -1]), 0, (1 / 3) * math.sqrt(3), 1 / 3 + 0.4 / math.sqrt(3)),
    ],
)
def test_an_interval_is_widened_by_the_corrected_autocorrelation(
    moves: np.ndarray, raw: float, distance: float, corrected: float
) -> None:
    found = statistics.serial_correlation(moves)

    assert found.autocorrelation == raw
    assert found.p_value == pytest.approx(scipy.stats.norm.sf(distance))
    assert found.widening == pytest.approx(math.sqrt((1 + corrected) / (1 - corrected)))


@pytest.mark.parametrize("moves", [np.array([1.0, 1.0]), np.zeros(20)])
def test_two_clusters_or_none_that_moves_show_no_correlation(moves: np.ndarray) -> None:
    assert statistics.serial_correlation(moves) == SerialCorrelation(0.0, 1.0, 1.0)


def test_the_standard_error_is_widened_only_in_sequence() -> None:
    influence, day = series(16, at_0=1.0), np.arange(16)

    side_by_side = statistics.estimate(0.0, influence, day, 0.95, in_sequence=False)
    in_sequence = statistics.estimate(0.0, influence, day, 0.95)

    assert side_by_side.standard_error == pytest.approx(math.sqrt(15 / 16) / 15)
    widened = side_by_side.standard_error * math.sqrt(1.1625 / 0.8375)
    assert in_sequence.standard_error == pytest.approx(widened)
    assert in_sequence.degrees_of_freedom == side_by_side.degrees_of_freedom == 15


def test_a_p_value_is_students() -> None:
    assert statistics.p_value_below(FOUND, 2.0) == pytest.approx(scipy.stats.t.cdf(-2, 30))
    assert statistics.p_value_below(replace(FOUND, degrees_of_freedom=1.0), 1.5) == pytest.approx(0.25)


def test_a_certain_estimate_is_above_a_threshold_or_below_it() -> None:
    certain = replace(FOUND, standard_error=0.0)

    p_values = [statistics.p_value_below(certain, threshold) for threshold in (0.5, 1.0, 1.5)]

    assert p_values == [1.0, 1.0, 0.0]


def test_a_corrected_p_value_is_at_most_1() -> None:
    assert statistics.holm([0.9, 0.7, 0.2]) == pytest.approx([1.0, 1.0, 0.6])


def test_an_interval_is_shown_within_the_bounds_of_its_metric() -> None:
    assert FOUND.within((0.0, 2.5)) == replace(FOUND, lower=0.0, upper=2.5)
    assert FOUND.within((-2.0, 4.0)) == FOUND


def test_the_detectable_effect_is_the_sum_of_both_quantiles() -> None:
    quantiles = scipy.stats.t.ppf(0.95, 30) + scipy.stats.t.ppf(0.8, 30)

    assert statistics.minimum_detectable_effect(FOUND, 0.9) == pytest.approx(quantiles * 0.5)


def test_a_difference_from_an_earlier_figure_has_the_errors_of_both_and_the_fewer_degrees() -> None:
    earlier = replace(FOUND, value=0.25, standard_error=1.2, degrees_of_freedom=4.0)

    both = (statistics.from_earlier(FOUND, earlier, 0.9), statistics.from_earlier(earlier, FOUND, 0.9))

    half = scipy.stats.t.ppf(0.95, 4) * 1.3
    for found, sign in zip(both, (1, -1), strict=True):
        assert (found.value, found.degrees_of_freedom) == (sign * 0.75, 4.0)
        assert found.standard_error == pytest.approx(1.3)
        assert (found.lower, found.upper) == pytest.approx((sign * 0.75 - half, sign * 0.75 + half))


def test_a_difference_from_an_unknown_figure_is_unknown() -> None:
    unknown = replace(FOUND, value=3.0, standard_error=math.inf, degrees_of_freedom=0.0)

    found = statistics.from_earlier(FOUND, unknown, 0.95)

    expected = replace(FOUND, value=-2.0, lower=-math.inf, upper=math.inf, standard_error=math.inf)
    assert found == expected
