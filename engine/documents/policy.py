"""The rules that a verdict or a decision is made by, as mlops.yaml sets them."""

from typing import Literal, NotRequired, TypedDict

Mode = Literal["improve", "not-worse"]


class References(TypedDict, total=False):
    """What the candidate is compared with, and what it must show against it."""

    champion: Mode
    control: Mode


class Slices(TypedDict):
    """The columns whose values are judged one by one, if a value has `minimum_rows` rows."""

    columns: list[str]
    minimum_rows: int


def slice_level(confidence: float) -> float:
    """The level of a slice's test, which looks for a drop only: half of what the interval leaves out."""
    return (1 - confidence) / 2


class Limit(TypedDict):
    """A guardrail: `margin` in the metric's unit, or for model_bytes the `maximum` in bytes."""

    margin: NotRequired[float]
    maximum: NotRequired[int]


class CommonPolicy(TypedDict):
    """`confidence` is two-sided; `margin` and `min_effect` are in the metric's unit and good direction."""

    metric: str
    confidence: float
    min_effect: float
    margin: float
    cluster: str


class Policy(CommonPolicy):
    """What compare_models decides by; guardrails are limits by metric."""

    floor: float
    inconclusive: Literal["fail", "pass"]
    minimum_rows: int
    minimum_clusters: int
    slices: Slices
    guardrails: dict[str, Limit]
    references: References


class MonitoringRules(TypedDict):
    """When the monitor raises an alarm, and what it starts; counts of windows, rows, days and alarms."""

    start: Literal["nested", "github", "none"]
    trigger: Literal["drop", "shadow", "either"]
    window_days: int
    windows: int
    alarms: int
    minimum_rows: int
    minimum_clusters: int
    cooldown_days: int
    maximum_age_days: int
    alarms_per_week: int


class MonitoringPolicy(CommonPolicy):
    """What monitor_model decides by."""

    monitoring: MonitoringRules
