"""Measure the gate's intervals at a million rows against scipy.stats.bootstrap: time, and standard errors."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats

from engine import command_line
from engine.judging import statistics
from engine.metrics.influences import roc_auc

ROWS, RESAMPLES, CHECK_ROWS, CHECK_RESAMPLES = 1_000_000, 2_000, 5_000, 8_000
LEAST = 1000
"""How many times as fast as scipy ours has to be."""
TIMED = {"mean": 20, "roc_auc": 4}  # of scipy's resamples; the time of 2,000 is extrapolated


def main() -> int:
    command_line.parser(__doc__).parse_args()
    print(f"The paired difference of two models on {ROWS:,} rows, with its standard error, in CPU seconds.")
    print(f"scipy.stats.bootstrap of {RESAMPLES:,} resamples is extrapolated from {TIMED}.")
    print(f"Errors are compared at {CHECK_ROWS:,} rows and {CHECK_RESAMPLES:,} resamples, known to 0.8%.\n")
    print(f"{'statistic':<12}{'ours, s':>10}{'scipy, s':>12}{'faster':>10}{'SE, ours : scipy':>20}")
    ratios = []
    for name, ours, theirs in (("mean", mean_error, bootstrap_mean), ("roc_auc", auc_error, bootstrap_auc)):
        rows, few = rows_of(ROWS), rows_of(CHECK_ROWS)
        fast = min(seconds(partial(ours, *rows)) for _ in range(5))
        slow = seconds(partial(theirs, *rows, TIMED[name])) / TIMED[name] * RESAMPLES
        agreement = ours(*few) / theirs(*few, CHECK_RESAMPLES)
        ratios.append(slow / fast)
        print(f"{name:<12}{fast:>10.3f}{slow:>12.0f}{slow / fast:>9,.0f}x{agreement:>20.4f}", flush=True)
    print(f"goal: at least {LEAST:,}x")
    return int(min(ratios) < LEAST)


def rows_of(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and the scores of two models that know them about equally well."""
    random = np.random.default_rng(1)
    truth = random.normal(size=count)
    label = (random.uniform(size=count) < 1 / (1 + np.exp(1 - truth))).astype(float)
    return label, truth + random.normal(size=count), truth + random.normal(size=count)


def error_of(influence: np.ndarray) -> float:
    """Ours with every row a cluster of its own, because scipy resamples rows."""
    clusters = np.arange(len(influence))
    return statistics.estimate(0.0, influence, clusters, confidence=0.95, in_sequence=False).standard_error


def mean_error(label: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    losses = np.abs(label - one) - np.abs(label - other)
    return error_of(losses - losses.mean())


def auc_error(label: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    return error_of(roc_auc(label, one)[1] - roc_auc(label, other)[1])


def bootstrap_mean(label: np.ndarray, one: np.ndarray, other: np.ndarray, resamples: int) -> float:
    losses = np.abs(label - one) - np.abs(label - other)
    return bootstrap((losses,), np.mean, resamples, vectorized=True)


def bootstrap_auc(label: np.ndarray, one: np.ndarray, other: np.ndarray, resamples: int) -> float:
    return bootstrap((label, one, other), auc_difference, resamples, vectorized=False, paired=True)


def bootstrap(data: tuple[np.ndarray, ...], statistic: Callable, resamples: int, **how: Any) -> float:
    # By one at a time: all resamples of a million rows at once would take 16 GB.
    found = scipy.stats.bootstrap(
        data, statistic, n_resamples=resamples, batch=1, method="percentile", random_state=1, **how
    )
    return float(found.standard_error)


def auc_difference(label: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    positive = label > 0.5
    pairs = positive.sum() * (~positive).sum()
    sums = (scipy.stats.rankdata(score)[positive].sum() for score in (one, other))
    return (next(sums) - next(sums)) / pairs


def seconds(work: Callable[[], Any]) -> float:
    """Of the processor, so that neighbors on the machine do not count."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    command_line.run(main)
