"""Each model's figures on the evaluation rows, beside those of a constant prediction."""

import math
from dataclasses import replace

import numpy as np

from engine.documents.policy import Policy
from engine.documents.record import TrainedLabel
from engine.documents.verdict import JudgedModel, ModelFacts
from engine.judging.differences import estimate, measure
from engine.judging.inputs import Rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Floats, LabelType, Metric, Undefined

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
    return inputs.models["candidate"].record["label"]


def dummy_prediction(inputs: VerdictInputs) -> float:
    """The constant that suits the metric best, from the training labels; an older record has no quantiles."""
    constant, label = metric_of(inputs).best_constant, label_of(inputs)
    if isinstance(constant, float):
        return label.get("quantiles", {}).get(f"{constant:g}", label["median"])
    return label[constant]


def described_models(rows: Rows, inputs: VerdictInputs) -> dict[str, JudgedModel]:
    label_type, policy = label_of(inputs)["type"], inputs.policy
    dummy = np.full(len(rows.label), dummy_prediction(inputs))
    shown = replace(rows, predictions={**rows.predictions, "dummy": dummy})
    described: dict[str, JudgedModel] = {}
    for name, predictions in shown.predictions.items():
        figures = all_metrics(rows.label, predictions, label_type, policy)
        facts = inputs.models[name].facts() if name in inputs.models else NO_FACTS
        value, influence = measure(metric_of(inputs), shown, name)
        found = estimate(value, influence, rows, policy["confidence"])
        described[name] = {
            "value": value,
            "standard_error": found.standard_error,
            "degrees_of_freedom": found.degrees_of_freedom,
            "metrics": {**figures},
            **facts,
        }
    return described


def all_metrics(label: Floats, prediction: Floats, label_type: LabelType, policy: Policy) -> dict[str, float]:
    named = {policy["metric"], *policy["guardrails"]}
    return {
        name: value_of(metric, label, prediction)
        for name, metric in known_metrics().items()
        if label_type in metric.label_types and (name in named or not metric.on_request)
    }


def value_of(metric: Metric, label: Floats, prediction: Floats) -> float:
    """NaN if the metric has no value on these rows: it is reported here and not judged."""
    try:
        return metric.estimate(label, prediction)[0]
    except Undefined:
        return math.nan
