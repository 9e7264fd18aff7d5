"""The decision document, decision.json: what the monitor saw of the champion, and what follows."""

from typing import Literal, NotRequired, TypedDict

from engine.documents.keywords import Count, Day, Keywords, Text
from engine.documents.parts import Finding, Metric, Provenance, UsedRows, Window
from engine.documents.policy import MonitoringPolicy

Reason = Literal["drop", "shadow", "age"]
Outcome = Literal[
    "ALARM",
    "QUIET",
    "NOT_ENOUGH_EVIDENCE",
    "DATA_FAULT",
    "COOLING_DOWN",
    "NOT_REARMED",
    "CAPPED",
    "ALREADY_DECIDED",
    "OUT_OF_ORDER",
]


class Baseline(TypedDict):
    """The champion's figure when it passed the gate, in the metric's unit."""

    value: float
    standard_error: float
    clusters: Count


class MonitoredChampion(TypedDict):
    """`made` is the day for which it passed the gate; no baseline if its version has no standard error."""

    version: str
    made: str
    age_days: int
    training_window: Window | None
    baseline: Baseline | None


class Shadow(TypedDict):
    """The model of today's code, trained on the newest mature rows before the windows."""

    training_window: Window | None
    rows: int | None
    model_sha256: str | None


class WindowFigure(TypedDict):
    """The champion's figure on a window's rows, in the metric's unit."""

    value: float
    lower: float | None
    upper: float | None
    standard_error: float | None


class WindowDifference(TypedDict):
    """In the metric's good direction; `found` says whether it counts towards an alarm."""

    value: NotRequired[float]
    difference: float
    lower: float | None
    upper: float | None
    found: bool


class MonitoredWindow(TypedDict):
    """A window's rows; `why_not` says why they are not judged, and then there are no figures.

    `drop` is the champion now minus the champion when it passed the gate, `shadow` the shadow minus the
    champion.
    """

    start: str
    end: str
    rows: Count
    clusters: Count
    why_not: str | None
    champion: WindowFigure | None
    drop: WindowDifference | None
    shadow: WindowDifference | None


class FeatureDrift(TypedDict):
    """A feature's drift in each week: population stability index, and Kolmogorov-Smirnov of numbers."""

    name: str
    psi: list[float]
    ks: list[float | None]


class Drift(TypedDict):
    """By week, as first days, against the sketches of the champion's training rows."""

    weeks: list[str]
    features: list[FeatureDrift]


class Decision(TypedDict):
    """What the monitor saw of the champion, what it decided and why.

    Differences are in the metric's good direction; null is what does not exist. With an `alarm` the champion
    is to be trained again, and `start` is what that starts. Decisions of one `key` (version, end of the
    windows, reasons) are one. `windows` come oldest first; `whole` is all of them as one, never decided by.
    `unknown` says what cannot be known, and why.
    """

    schema_version: Literal[1]
    decision: Outcome
    alarm: bool
    start: Literal["nested", "github", "none"]
    reasons: list[Reason]
    key: str | None
    reason: Text
    next: Text
    as_of: Day
    metric: Metric
    champion: MonitoredChampion
    shadow: Shadow | None
    rows: UsedRows | None
    windows: list[MonitoredWindow]
    whole: MonitoredWindow | None
    drift: Drift | None
    unknown: list[str]
    findings: list[Finding]
    warnings: list[Finding]
    policy: MonitoringPolicy
    provenance: Provenance


CONDITIONS = Keywords(
    **{
        "if": {"properties": {"decision": {"const": "ALARM"}}},
        "then": {
            "properties": {"alarm": {"const": True}, "reasons": {"minItems": 1}, "key": {"type": "string"}}
        },
        "else": {"properties": {"alarm": {"const": False}}},
    },
)
"""What an alarm implies for the other keys of a decision."""
