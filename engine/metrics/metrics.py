"""The template's metrics, one entry each: settings, judging, wording and reports are derived from it."""

import math
from importlib import import_module
from typing import cast

from engine.metrics.metric import Estimator, Floats, Metric, title_from


def _influences(name: str) -> Estimator:
    """The function `name` of influences.py, which is imported when it is first called."""

    def estimate(label: Floats, prediction: Floats) -> tuple[float, Floats]:
        estimator = cast(Estimator, getattr(import_module("engine.metrics.influences"), name))
        return estimator(label, prediction)

    return estimate


SHARE, ERROR = (0.0, 1.0), (0.0, math.inf)
"""Bounds of metrics."""
METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "ROC AUC", "higher is better", ("binary",), _influences("roc_auc"), bounds=SHARE),
        Metric("log_loss", "log loss", "lower is better", ("binary",), _influences("log_loss"), bounds=ERROR),
        Metric(
            "accuracy", "accuracy", "higher is better", ("binary",), _influences("accuracy"), bounds=SHARE
        ),
        Metric("mae", "MAE", "lower is better", ("number",), _influences("mae"), "median", bounds=ERROR),
        Metric("rmse", "RMSE", "lower is better", ("number",), _influences("rmse"), bounds=ERROR),
        Metric(
            "calibration_error",
            "calibration error",
            "lower is better",
            ("binary", "number"),
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
