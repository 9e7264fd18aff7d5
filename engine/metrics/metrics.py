"""The template's metrics, one entry each: settings, judging, wording and reports are derived from it."""

import math
from importlib import import_module
from typing import Literal, cast

from engine.metrics.metric import NUMBERS, Direction, Estimator, Floats, Metric, title_from


def _influences(name: str, **constants: float) -> Estimator:
    """The function `name` of influences.py, which is imported when it is first called."""

    def estimate(label: Floats, prediction: Floats) -> tuple[float, Floats]:
        estimator = getattr(import_module("engine.metrics.influences"), name)
        return cast("tuple[float, Floats]", estimator(label, prediction, **constants))

    return estimate


def _classes(name: str, title: str, direction: Direction, bounds: tuple[float, float]) -> Metric:
    """A metric of a probability that the label is 1."""
    return Metric(name, title, direction, ("binary",), _influences(name), bounds=bounds)


def _error(name: str, title: str, best_constant: Literal["mean", "median"] = "mean") -> Metric:
    """An error of a number, which is lower if the model is better."""
    return Metric(name, title, "lower is better", NUMBERS, _influences(name), best_constant, bounds=ERROR)


def _pinball(percent: int) -> Metric:
    """The loss of a quantile of the label."""
    level = percent / 100
    return Metric(
        f"pinball_{percent}",
        f"pinball loss at {percent}%",
        "lower is better",
        NUMBERS,
        _influences("pinball", level=level),
        level,
        bounds=ERROR,
        on_request=True,
    )


def _recall(percent: int) -> Metric:
    """The share of positives found at a threshold that is as precise as that."""
    return Metric(
        f"recall_at_precision_{percent}",
        f"recall at {percent}% precision",
        "higher is better",
        ("binary",),
        _influences("recall_at_precision", precision=percent / 100),
        bounds=(-math.inf, 1.0),
        on_request=True,
        decides=True,
    )


SHARE, ERROR = (0.0, 1.0), (0.0, math.inf)
"""Bounds of metrics."""
RECALL_PERCENT = (50, 75, 80, 90, 95, 99)
PINBALL_PERCENT = (1, 5, 10, 25, 50, 75, 90, 95, 99)
METRICS = {
    metric.name: metric
    for metric in (
        _classes("roc_auc", "ROC AUC", "higher is better", SHARE),
        _classes("average_precision", "average precision", "higher is better", SHARE),
        _classes("log_loss", "log loss", "lower is better", ERROR),
        _classes("brier", "Brier score", "lower is better", SHARE),
        _classes("accuracy", "accuracy", "higher is better", SHARE),
        Metric(
            "f1",
            "F1",
            "higher is better",
            ("binary",),
            _influences("f1"),
            bounds=SHARE,
            on_request=True,
            decides=True,
        ),
        *map(_recall, RECALL_PERCENT),
        _error("mae", "MAE", "median"),
        _error("rmse", "RMSE"),
        _error("mape", "MAPE", "median"),
        _error("poisson_deviance", "Poisson deviance"),
        Metric("r2", "R2", "higher is better", NUMBERS, _influences("r2"), bounds=(-math.inf, 1.0)),
        *map(_pinball, PINBALL_PERCENT),
        Metric(
            "calibration_error",
            "calibration error",
            "lower is better",
            ("binary", *NUMBERS),
            _influences("calibration_error"),
            guardrail_only=True,
            bounds=ERROR,
        ),
    )
}
MODEL_BYTES = "model_bytes"
"""The guardrail that is not a metric."""


def title_of(name: str) -> str:
    """The title of a metric or guardrail; that of a user's metric is its name in words."""
    if name == MODEL_BYTES:
        return "model size"
    return METRICS[name].title if name in METRICS else title_from(name)
