"""Clustered intervals from influences: what a difference is worth when the rows of a day move together.

The standard error is that of a jackknife that leaves out one cluster at a time (CR3: Bell and McCaffrey,
2002), so that a large cluster counts by its leverage. The interval is t's, with one degree of freedom less
than there are effective clusters (Carter, Schnepel and Steigerwald, 2017). Where labels are classes, a
cluster has a leverage in each class, and the class with the fewest effective clusters counts. Where
clusters follow each other in time, as days do, and one may foretell the next, the interval is widened.
bench/bench_coverage.py measures how often the result is wrong.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit  # scipy.stats would cost a second more to import

RULED_OUT_LEVEL = 0.4  # of the test for serial correlation: lenient, so that little of it is missed
SHORT_SERIES = 20  # with fewer clusters in sequence no interval known to us covers if they are correlated
CAUTION = 0.4  # standard errors that are added to a measured autocorrelation
POWER = 0.8


@dataclass(frozen=True)
class SerialCorrelation:
    """Correlation of a cluster's sum with the next one's, and the factor by which it widens the interval."""

    autocorrelation: float
    p_value: float
    widening: float

    @property
    def ruled_out(self) -> bool:
        return self.p_value >= RULED_OUT_LEVEL


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, which is infinite if there are fewer than two effective clusters.

    `effective_clusters` is how many clusters of equal size tell as much; `rarer_class_rows` is None for
    labels that are numbers.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    rows: int
    clusters: int
    serial_correlation: SerialCorrelation | None
    effective_clusters: float
    degrees_of_freedom: float
    rarer_class_rows: int | None = None

    @property
    def too_short(self) -> bool:
        """Whether its clusters may be correlated in time and are too few for the interval to allow for it."""
        serial = self.serial_correlation
        return serial is not None and not serial.ruled_out and self.clusters < SHORT_SERIES

    def within(self, bounds: tuple[float, float]) -> "Estimate":
        """The interval without what lies outside `bounds`, as it is shown."""
        lowest, highest = bounds
        return replace(self, lower=max(self.lower, lowest), upper=min(self.upper, highest))


def jackknife(
    influence: NDArray[np.float64], cluster: NDArray[np.intp], is_positive: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], float]:
    """How far the value moves without each cluster (0 if the rest cannot tell), and effective clusters.

    `is_positive` is the class of each row, or None.
    """
    classes, clusters = 1 if is_positive is None else 2, int(cluster.max()) + 1
    stratum = cluster if is_positive is None else cluster + clusters * is_positive
    length = classes * clusters
    sizes: NDArray[np.intp] = np.bincount(stratum, minlength=length).reshape(classes, clusters)
    sums: NDArray[Any] = np.bincount(stratum, influence, length).reshape(classes, clusters)
    whole = sum(sizes[1:], sizes[0])
    effective = min(effective_number(size) for size in sizes)  # all rows together have no fewer
    if effective < 2:
        return np.zeros(np.count_nonzero(whole)), effective
    for part, size in zip(sums, sizes, strict=True):
        rest = size * (-len(cluster) / size.sum())
        rest += len(cluster)
        part /= rest
    moves = sum(sums[1:], sums[0])
    return moves if whole.all() else moves[whole > 0], effective


def sum_of_squares(values: NDArray[Any]) -> float:
    """By one thread: BLAS wakes one for each processor, which costs more than the sum."""
    return float(np.einsum("i,i", values, values))


def effective_number(sizes: NDArray[Any]) -> float:
    """How many clusters of equal size have the same sum of squared shares; 0 if there are no rows."""
    return float(sizes.sum()) ** 2 / max(sum_of_squares(sizes), 1.0)


def student(degrees: float, confidence: float) -> float:
    """Quantile of t for a two-sided interval."""
    return float(stdtrit(degrees, (1 + confidence) / 2))


def serial_correlation(moves: NDArray[np.float64]) -> SerialCorrelation:
    """Correlation at lag one of what each cluster adds, in order of time, and the p-value of a positive one.

    The widening is that of a first-order autoregression: the prewhitened HAC of Andrews and Monahan (1992).
    Its coefficient is corrected for small samples (Kendall, 1954) and raised by CAUTION, because one that is
    measured too low costs coverage and one too high only width.
    """
    count, power = len(moves), sum_of_squares(moves)
    if count < 3 or power == 0:
        return SerialCorrelation(0.0, 1.0, 1.0)
    raw = float(moves[1:] @ moves[:-1]) / power
    p_value = float(ndtr(-(raw + 1 / count) * math.sqrt(count)))
    corrected = min(max(raw + (1 + 4 * raw) / count + CAUTION / math.sqrt(count), 0.0), 0.9)
    return SerialCorrelation(raw, p_value, math.sqrt((1 + corrected) / (1 - corrected)))


def estimate(
    value: float,
    influence: NDArray[np.float64],
    cluster: NDArray[np.intp],
    confidence: float,
    in_sequence: bool = True,
    is_positive: NDArray[np.bool_] | None = None,
) -> Estimate:
    """Interval of `value`; `cluster` numbers each row's cluster, in order of time if `in_sequence`.

    `is_positive` is each row's class, if the metric is one of classes.
    """
    moves, effective = jackknife(influence, cluster, is_positive)
    serial = serial_correlation(moves) if in_sequence else None
    count, rows = len(moves), len(influence)
    positives = None if is_positive is None else int(np.count_nonzero(is_positive))
    rarer = None if positives is None else min(positives, rows - positives)
    ends, degrees = (-math.inf, math.inf), max(effective - 1, 0.0)
    estimated = Estimate(value, *ends, math.inf, rows, count, serial, effective, degrees, rarer)
    if effective < 2:
        return estimated
    error = math.sqrt((count - 1) / count * sum_of_squares(moves)) * (serial.widening if serial else 1.0)
    return with_error(estimated, error, degrees, confidence)


def with_error(estimated: Estimate, error: float, degrees: float, confidence: float) -> Estimate:
    half = student(degrees, confidence) * error
    lower, upper = estimated.value - half, estimated.value + half
    return replace(estimated, lower=lower, upper=upper, standard_error=error, degrees_of_freedom=degrees)


def p_value_below(estimated: Estimate, threshold: float) -> float:
    """One-sided p-value of "the true value is at least `threshold`"."""
    distance = estimated.value - threshold
    if estimated.standard_error == 0:
        return float(distance >= 0)
    if math.isinf(estimated.standard_error):
        return 1.0
    return float(stdtr(estimated.degrees_of_freedom, distance / estimated.standard_error))


def holm(p_values: list[float]) -> list[float]:
    """p-values corrected for how many were asked (Holm, 1979), in the order given."""
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = worst
    return corrected


def minimum_detectable_effect(estimated: Estimate, confidence: float) -> float:
    """The smallest true difference that rows like these would show as one four times out of five."""
    if math.isinf(estimated.standard_error):
        return math.inf
    degrees = estimated.degrees_of_freedom
    return (student(degrees, confidence) + float(stdtrit(degrees, POWER))) * estimated.standard_error


def rows_to_decide(estimated: Estimate, threshold: float) -> int | None:
    """Rows after which the interval would leave `threshold` if the difference stays.

    None if it has left it already, and if no number of rows is enough.
    """
    distance, half = abs(estimated.value - threshold), estimated.upper - estimated.value
    if distance == 0 or math.isinf(half) or distance > half:
        return None
    return math.ceil(estimated.rows * (half / distance) ** 2)


def from_earlier(now: Estimate, earlier: Estimate, confidence: float) -> Estimate:
    """The figure `now` minus an `earlier` one on other rows; its degrees of freedom are the fewer of both."""
    error = math.hypot(now.standard_error, earlier.standard_error)
    minus = replace(now, value=now.value - earlier.value)
    if math.isinf(error):
        return replace(minus, lower=-math.inf, upper=math.inf, standard_error=error)
    return with_error(minus, error, min(now.degrees_of_freedom, earlier.degrees_of_freedom), confidence)
