"""Each model's figures on the evaluation rows, beside those of a constant prediction."""

import math

from engine.documents.policy import Policy
from engine.documents.record import TrainedLabel
from engine.documents.verdict import JudgedModel, ModelFacts
from engine.judging.differences import estimate, judged_predictions, measure, with_dummy
from engine.judging.inputs import Rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import LabelType, Metric, Undefined

NO_FACTS: ModelFacts = {
    "version": None,
    "model_sha256": None,
    "model_bytes": None,
    "training_window": None,
    "milliseconds_per_1000_rows": None,
}
"""Of the constant prediction, which is no file."""


def metric_of(inputs: VerdictInputs) -> Metric:
    return known_metrics()[inputs.policy["metric"]]


def label_of(inputs: VerdictInputs) -> TrainedLabel:
    """As the control's training found it, if there is one: foreign code may have written a candidate's."""
    trusted = inputs.models.get("control") or inputs.models["candidate"]
    return trusted.record["label"]


def dummy_prediction(metric: Metric, label: TrainedLabel) -> float:
    """The constant that suits the metric best, from the training labels; an older record has no quantiles."""
    constant = metric.best_constant
    if isinstance(constant, float):
        return label.get("quantiles", {}).get(f"{constant:g}", label["median"])
    return label[constant]


def described_models(rows: Rows, inputs: VerdictInputs, label: TrainedLabel) -> dict[str, JudgedModel]:
    metric, policy = metric_of(inputs), inputs.policy
    shown = with_dummy(rows, dummy_prediction(metric, label))
    described: dict[str, JudgedModel] = {}
    for name in shown.predictions:
        figures = all_metrics(shown, name, label["type"], policy)
        facts = inputs.models[name].facts() if name in inputs.models else NO_FACTS
        value, influence = measure(metric, shown, name)
        estimated = estimate(value, influence, rows, policy["confidence"])
        described[name] = {
            "value": value,
            "standard_error": estimated.standard_error,
            "degrees_of_freedom": estimated.degrees_of_freedom,
            "metrics": {**figures},
            **facts,
        }
    return described


def all_metrics(rows: Rows, model: str, label_type: LabelType, policy: Policy) -> dict[str, float]:
    named = {policy["metric"], *policy["guardrails"]}
    return {
        name: value_of(metric, rows, model)
        for name, metric in known_metrics().items()
        if label_type in metric.label_types and (name in named or not metric.on_request)
    }


def value_of(metric: Metric, rows: Rows, model: str) -> float:
    """NaN if the metric has no value on these rows: it is reported here and not judged."""
    try:
        return metric.estimate(rows.label, judged_predictions(metric, rows, model))[0]
    except Undefined:
        return math.nan
