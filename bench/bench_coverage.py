"""Measure how often the gate calls an equally good model BETTER or WORSE, and a truly better one BETTER.

Prints the table of docs/statistics.md, by the gate's own functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine import command_line
from engine.judging import decision, statistics
from engine.judging.statistics import Estimate
from engine.metrics.metrics import METRICS, title_of

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Draw = Callable[[np.random.Generator], Estimate]

REPETITIONS, ROWS, DAYS = 4_000, 3_100, 31
THRESHOLD = 0.3
EFFECT = 3.0  # standard errors
POLICY = {"minimum_rows": 1000, "minimum_clusters": 10}


@dataclass(frozen=True)
class Case:
    """How one evaluation of two equally good models is drawn."""

    name: str
    draw: Draw


@dataclass(frozen=True)
class Shares:
    """Of all evaluations: errors and abstentions with no difference, and power with one of EFFECT."""

    better: float
    worse: float
    undecidable: float
    power: float


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="evaluations of each case")
    repetitions = parser.parse_args().repetitions
    print(f"| {repetitions:,} evaluations of each kind | false BETTER | false WORSE | INCONCLUSIVE | power |")
    print("|---|---|---|---|---|")
    for case in cases():
        found = measure(case.draw, repetitions)
        shares = (found.better, found.worse, found.undecidable, found.power)
        print(f"| {case.name} | {' | '.join(f'{100 * share:.1f}%' for share in shares)} |", flush=True)


def cases() -> list[Case]:
    """The kinds of rows in which intervals are known to be too sure."""
    return [*rare_positives(), *numbers_by_day(), *uneven_clusters(), *correlated_days()]


def rare_positives() -> list[Case]:
    return [
        Case(
            f"{title_of(metric)}, {count} positives of {ROWS:,} in {DAYS} days",
            partial(classes, metric, count),
        )
        for metric, counts in (
            ("roc_auc", (1, 2, 3, 5, 10, 30, 300)),
            ("average_precision", (10, 30, 300)),
            ("f1", (30, 300)),
            ("recall_at_precision_50", (30, 300)),
            ("log_loss", (10, 30, 300)),
            ("brier", (10, 30, 300)),
        )
        for count in counts
    ]


def numbers_by_day() -> list[Case]:
    """Errors that the rows of a day share, of numbers and counts above zero."""
    return [
        Case(f"{title_of(metric)}, {ROWS:,} rows in {DAYS} days", partial(numbers, metric))
        for metric in ("r2", "mape", "pinball_90", "poisson_deviance")
    ]


def uneven_clusters() -> list[Case]:
    shares = {
        "one of 10 clusters with 60% of the rows": one_large(10, 0.6),
        "one of 10 clusters with 25% of the rows": one_large(10, 0.25),
        "12 clusters, each half of the one before": np.array([0.5**rank for rank in range(12)]),
        "16 clusters by Zipf": zipf(16),
        "40 clusters by Zipf": zipf(40),
        "100 clusters by Zipf": zipf(100),
        "one of 60 clusters with 25% of the rows": one_large(60, 0.25),
        "31 equal clusters": np.ones(31),
    }
    return [
        Case(f"{name}, {correlation:.0%} of the variance shared", partial(clustered, weights, correlation))
        for name, weights in shares.items()
        for correlation in (0.0, 0.5)
    ]


def correlated_days() -> list[Case]:
    return [
        Case(f"{days} days, autocorrelation {correlation}", partial(daily, days, correlation))
        for correlation in (0.0, 0.4)
        for days in (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 31)
    ]


def measure(draw: Draw, repetitions: int) -> Shares:
    """The same draws decide with no difference and with one of EFFECT standard deviations of the value."""
    random = np.random.default_rng(1)
    found = [draw(random) for _ in range(repetitions)]
    lower, upper = (np.array([getattr(each, end) for each in found]) for end in ("lower", "upper"))
    decides = np.array([decision.enough(each, POLICY) for each in found])
    effect = EFFECT * np.std([each.value for each in found])
    means = (decides & (lower > 0), decides & (upper < 0), ~decides, decides & (lower + effect > 0))
    return Shares(*(float(share.mean()) for share in means))


def one_large(count: int, share: float) -> Floats:
    return np.array([share] + [(1 - share) / (count - 1)] * (count - 1))


def zipf(count: int) -> Floats:
    return np.array([1 / rank for rank in range(1, count + 1)])


def classes(metric: str, positives: int, random: np.random.Generator) -> Estimate:
    """Two models that know the label through noise of their own, on days of equal size."""
    label = np.zeros(ROWS)
    label[random.choice(ROWS, positives, replace=False)] = 1
    signal = label + random.normal(size=ROWS) - 3
    scores = (1 / (1 + np.exp(-signal - random.normal(size=ROWS))) for _ in range(2))
    if METRICS[metric].decides:
        scores = ((score > THRESHOLD).astype(float) for score in scores)
    (one, first), (other, second) = (METRICS[metric].estimate(label, score) for score in scores)
    days = np.arange(ROWS) * DAYS // ROWS
    return statistics.estimate(one - other, first - second, days, 0.95, is_positive=label == 1)


def numbers(metric: str, random: np.random.Generator) -> Estimate:
    """Two models that know the mean of a count through noise of their own, half of it shared by a day."""
    day = np.arange(ROWS) * DAYS // ROWS
    truth = random.gamma(4.0, size=ROWS)
    noise = random.normal(scale=0.2, size=(2, ROWS)) + random.normal(scale=0.2, size=(2, DAYS))[:, day]
    label = 1.0 + random.poisson(truth)
    estimate = METRICS[metric].estimate
    (one, first), (other, second) = (estimate(label, (1 + truth) * np.exp(each)) for each in noise)
    return statistics.estimate(one - other, first - second, day, 0.95)


def clustered(weights: Floats, correlation: float, random: np.random.Generator) -> Estimate:
    """Rows of which a share of the variance is their cluster's, in clusters side by side."""
    sizes = np.maximum(1, np.round(ROWS * weights / weights.sum())).astype(np.intp)
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    own, shared = random.normal(size=len(cluster)), random.normal(size=len(sizes))[cluster]
    return mean_of(np.sqrt(1 - correlation) * own + np.sqrt(correlation) * shared, cluster, in_sequence=False)


def daily(days: int, correlation: float, random: np.random.Generator) -> Estimate:
    """Days whose means follow a first-order autoregression, of 100 rows that have nothing else in common."""
    shocks = random.normal(size=days)
    level = np.empty(days)
    level[0] = shocks[0] / np.sqrt(1 - correlation**2)
    for day in range(1, days):
        level[day] = correlation * level[day - 1] + shocks[day]
    return mean_of(np.repeat(level, 100), np.repeat(np.arange(days), 100), in_sequence=True)


def mean_of(rows: Floats, cluster: Numbers, in_sequence: bool) -> Estimate:
    value = float(rows.mean())
    return statistics.estimate(value, rows - value, cluster, 0.95, in_sequence)


if __name__ == "__main__":
    command_line.run(main)
