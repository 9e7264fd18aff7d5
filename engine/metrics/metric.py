"""What a metric is. Light to import: numpy is loaded when a figure is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    RowScores = NDArray[np.float64] | NDArray[np.bool_]
else:
    Floats = RowScores = Any

Estimator = Callable[[Floats, Floats], tuple[float, Floats]]
Direction = Literal["higher is better", "lower is better"]
LabelType = Literal["binary", "number", "count"]
NUMBERS: tuple[LabelType, ...] = ("number", "count")


class Undefined(Exception):  # noqa: N818 - a property of the data, reported as a finding
    """The metric has no value on these rows; the message says why."""


@dataclass(frozen=True)
class Metric:
    """One figure of quality; `estimate(label, prediction)` gives its value and each row's influence.

    `best_constant` is the prediction that suits it best if all are equal: the labels' mean, median, or the
    quantile of a level. No value lies outside `bounds`. One that is `on_request` is reported only if a policy
    names it. One that `decides` gets 1 as the prediction if the model's own reaches its threshold, else 0.
    """

    name: str
    title: str
    direction: Direction
    label_types: Sequence[LabelType]
    estimate: Estimator
    best_constant: Literal["mean", "median"] | float = "mean"
    guardrail_only: bool = False
    bounds: tuple[float, float] = (-math.inf, math.inf)
    on_request: bool = False
    decides: bool = False

    @property
    def sign(self) -> int:
        """Turns a difference into the good direction."""
        return 1 if self.direction == "higher is better" else -1

    @property
    def difference_bounds(self) -> tuple[float, float]:
        """No difference of two values lies outside them."""
        lowest, highest = self.bounds
        return lowest - highest, highest - lowest


def row_mean(
    score: Callable[[Floats, Floats], RowScores],
    direction: Direction,
    label_types: Sequence[LabelType],
    best_constant: Literal["mean", "median"] = "mean",
) -> Metric:
    """The mean of `score(label, prediction)`, one number for each row; the metric has the function's name."""
    name = score.__name__

    def estimate(label: Floats, prediction: Floats) -> tuple[float, Floats]:
        scores = _scores(score, label, prediction)
        value = float(scores.mean())
        return value, scores - value

    return Metric(name, title_from(name), direction, label_types, estimate, best_constant)


def title_from(name: str) -> str:
    return name.replace("_", " ")


def _scores(score: Callable[[Floats, Floats], RowScores], label: Floats, prediction: Floats) -> Floats:
    """One finite number for each row; Undefined if the function fails or returns anything else."""
    import numpy as np

    where, expected = f"metric {score.__name__}", f"expected a number for each of {len(label):,} rows"
    try:
        with np.errstate(all="ignore"):
            scores = np.asarray(score(label.copy(), prediction.copy()), dtype=np.float64)
    except Exception as error:
        message = " ".join(str(error).split())
        raise Undefined(f"{where}: {expected}, found {type(error).__name__}: {message}") from None
    if scores.shape != label.shape:
        raise Undefined(f"{where}: {expected}, found an array of shape {scores.shape}")
    if broken := int(np.count_nonzero(~np.isfinite(scores))):
        raise Undefined(f"{where}: {expected}, found {broken:,} that are not finite")
    return scores
