"""The verdict document, verdict.json: what compare_models found; gates, registry and reports read it."""

from typing import Annotated, Literal, NotRequired, TypedDict, final

from engine.documents.keywords import Count, Keywords, MetricName, Metrics, Text
from engine.documents.parts import Finding, Metric, Provenance, UsedRows, Window
from engine.documents.policy import Mode, Policy

ModelOutcome = Literal["IDENTICAL", "BETTER", "NON_INFERIOR", "INCONCLUSIVE", "WORSE"]
Reference = Literal["champion", "control"]
Outcome = ModelOutcome | Literal["NO_CHAMPION", "INVALID"]


class ModelFacts(TypedDict):
    """What a model is, as far as it is known; its latency is reported, never judged."""

    version: str | None
    model_sha256: str | None
    model_bytes: int | None
    training_window: Window | None
    training_rows: NotRequired[int | None]
    milliseconds_per_1000_rows: float | None


class JudgedModel(ModelFacts):
    """A model's figures on the evaluation rows, in the units of the metrics."""

    value: float
    standard_error: NotRequired[float | None]
    degrees_of_freedom: NotRequired[float | None]
    metrics: Metrics


class RegisteredModel(ModelFacts):
    """A version of the model registry, with the figures that it was registered with, on `rows`."""

    created: str
    metrics: Metrics
    standard_error: float | None
    rows: UsedRows | None


class Difference(TypedDict):
    """Candidate minus reference with its interval, in the metric's good direction and unit."""

    rows: Count
    clusters: Count
    effective_clusters: NotRequired[float]
    """How many clusters of equal size tell as much, of the rarer class."""
    rarer_class_rows: NotRequired[Count | None]
    """None if labels are no classes."""
    candidate_value: float
    reference_value: float
    difference: float
    lower: float | None
    upper: float | None
    standard_error: float | None


class Slice(Difference):
    """The difference on the rows whose `column` is `value`; `p_value` of a drop beyond the margin (Holm)."""

    column: str
    value: str
    p_value: float
    passed: bool


@final
class MetricGuardrail(Difference):
    """A metric that must not drop by more than `margin`, in that metric's unit."""

    name: MetricName
    margin: float
    passed: bool


@final
class SizeGuardrail(TypedDict):
    """The size of the candidate's file, in bytes."""

    name: Literal["model_bytes"]
    candidate_value: int
    maximum: int
    passed: bool


Guardrail = MetricGuardrail | SizeGuardrail


class SerialCorrelation(TypedDict):
    """Of neighboring clusters; `widening` is the factor on the standard error."""

    autocorrelation: float
    p_value: float
    widening: Annotated[float, Keywords(minimum=1)]


class Floor(TypedDict):
    """The candidate's own interval, against the lowest (or highest) `value` that a first model may have."""

    value: float
    lower: float | None
    upper: float | None
    passed: bool


class Judgement(Difference):
    """The candidate against a reference, and what that means under the policy.

    `minimum_detectable_effect` is found with 80% power. `rows_to_decide` is set if the interval left it open,
    `serial_correlation` if clusters follow each other in time.
    """

    reference: Reference
    mode: Mode
    passed: bool
    reason: str
    confidence: float
    margin: float
    min_effect: float
    minimum_detectable_effect: float | None
    rows_to_decide: int | None
    serial_correlation: SerialCorrelation | None
    slices: list[Slice]
    slices_not_judged: Count
    guardrails: list[Guardrail]


@final
class ModelComparison(Judgement):
    """The candidate against the champion or the control."""

    verdict: ModelOutcome


@final
class FloorComparison(Judgement):
    """The candidate against a constant prediction and the floor, as there is no champion to compare with."""

    verdict: Literal["NO_CHAMPION"]
    floor: Floor


Comparison = ModelComparison | FloorComparison


class Proposed(TypedDict):
    """What the policy that a change brings would say of the same rows; it decides after the merge only."""

    policy: Policy
    verdict: Outcome
    passed: bool
    reason: Text
    comparisons: list[Comparison]


class Segment(Difference):
    """The difference on the rows whose feature `column` has the value, or is in the range, `value`."""

    column: str
    value: str


class Worse(TypedDict):
    """Where the candidate got worse than `reference`: explained by segments, and deciding nothing.

    `rows_worse` are the rows on which it is further from the truth, `segments_worse` the segments whose
    interval is wholly below zero; the worst of them are listed.
    """

    reference: Reference
    rows: Count
    rows_worse: Count
    rows_better: Count
    segments_examined: Count
    segments_worse: Count
    segments: list[Segment]


class FeatureImportance(TypedDict):
    """The rise of the candidate's squared error with the feature shuffled, as its own code measured it."""

    name: str
    rise: float
    lower: float | None
    upper: float | None


Models = Annotated[
    dict[str, JudgedModel],
    Keywords(
        propertyNames={"enum": ["candidate", "control", "champion", "dummy"]},
        **{"if": {"minProperties": 1}, "then": {"required": ["candidate"]}},
    ),
]


class Verdict(TypedDict):
    """What was compared on which rows, each number with its interval, the decision and why.

    Differences are candidate minus reference in the metric's good direction; null is a number that does not
    exist, or rows that were not compared. `holdout_uses` counts earlier moves of production that were decided
    on the same rows. `registered` is the champion, if nothing was compared. `accepted` says who accepted
    what does not pass, and why; it still does not pass.
    """

    schema_version: Literal[1]
    verdict: Outcome
    passed: bool
    reason: Text
    as_of: str | None
    rows: UsedRows | None
    metric: Metric
    models: Models
    comparisons: list[Comparison]
    findings: list[Finding]
    warnings: list[Finding]
    policy: Policy
    provenance: Provenance
    holdout_uses: Count
    proposed: NotRequired[Proposed]
    worse: NotRequired[Worse]
    importance: NotRequired[list[FeatureImportance]]
    registered: NotRequired[RegisteredModel]
    accepted: NotRequired[Annotated[str, Keywords(pattern="^accepted by [A-Za-z0-9_-]{1,39}: .")]]


CONDITIONS = Keywords(
    dependentSchemas={"accepted": {"properties": {"passed": {"const": False}}}},
    **{
        "if": {"properties": {"verdict": {"const": "INVALID"}}},
        "then": {"properties": {"passed": {"const": False}, "comparisons": {"maxItems": 0}}},
        "else": {
            "if": {"properties": {"comparisons": {"maxItems": 0}}},
            "then": {
                "$comment": "Nothing changed, so nothing was trained.",
                "properties": {
                    "verdict": {"const": "IDENTICAL"},
                    "rows": {"type": "null"},
                    "models": {"maxProperties": 0},
                },
            },
            "else": {
                "properties": {"rows": {"type": "object"}, "models": {"required": ["candidate", "dummy"]}}
            },
        },
    },
)
"""What each outcome implies for the other keys of a verdict."""
