"""The template's metrics and the user's own, which are in components/metrics.py."""

import re

from engine.command_line import SettingsError
from engine.metrics.metric import LabelType, Metric
from engine.metrics.metrics import METRICS, MODEL_BYTES

OWN = "components/metrics.py"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def known_metrics() -> dict[str, Metric]:
    """Every metric by its name."""
    known = dict(METRICS)
    for metric in _own_metrics():
        if not isinstance(metric, Metric):
            raise SettingsError(f"{OWN}: expected METRICS to list what row_mean returns, found {metric!r}")
        if not NAME.fullmatch(metric.name):
            expected = "a name of at most 40 lower-case letters, digits and underscores, a letter first"
            raise SettingsError(f"{OWN}: expected {expected}, found {metric.name!r}")
        if metric.name in known or metric.name == MODEL_BYTES:
            raise SettingsError(f"{OWN}: expected a name that no other metric has, found {metric.name!r}")
        known[metric.name] = metric
    return known


def metrics_for(label_type: LabelType) -> list[str]:
    """The names that `metric.name` of mlops.yaml may have."""
    return [name for name in guardrails_for(label_type) if not known_metrics()[name].guardrail_only]


def guardrails_for(label_type: LabelType) -> list[str]:
    """The metrics that may be guardrails."""
    return [name for name, metric in known_metrics().items() if label_type in metric.label_types]


def _own_metrics() -> list[object]:
    try:
        from components.metrics import METRICS as OWN_METRICS
    except Exception as error:
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise SettingsError(f"{OWN}: expected a list METRICS, found {problem}") from None
    return [*OWN_METRICS]
