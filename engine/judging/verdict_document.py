"""Put the verdict together: what was compared on which rows, the decision and why."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.command_line import SettingsError
from engine.judging import decision
from engine.judging.differences import estimate, measure
from engine.judging.inputs import KEY, TIME, Invalid, Model, Rows, labelled_rows
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import Floats, LabelType, Metric, Undefined
from engine.metrics.metrics import MODEL_BYTES
from engine.tables import snapshot
from engine.tables.columns import times

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """The question: a policy, the models, the tables they are compared on, and what others found or know."""

    policy: dict[str, Any]
    findings: dict[str, Any]
    provenance: dict[str, Any]
    history: list[dict[str, Any]]
    models: dict[str, Model]
    truth: pa.Table | None = None
    training: pa.Table | None = None
    evaluation: pa.Table | None = None


def judge(asked: Asked) -> tuple[dict[str, Any], Rows | None]:
    """The verdict document, and the rows it was found on; there are none where it is INVALID."""
    check_policy(asked)
    document = skeleton(asked)
    try:
        refuse_findings(asked.findings)
        refuse_overlap(asked)
        rows = labelled_rows(evaluation_rows(asked), asked.models, asked.policy)
        check_values(rows, label_of(asked)["type"])
        comparisons = decision.decide(rows, asked.models, asked.policy, dummy_prediction(asked))
        if not comparisons:
            raise Invalid(
                "there is no reference to compare with: neither a control nor a champion was asked for"
            )
        document |= {"rows": described_rows(rows, asked), "models": described_models(rows, asked)}
        document |= {"comparisons": comparisons, **decision.overall(comparisons)}
        return finite(document), rows
    except Invalid as error:
        return finite(document | {"reason": f"{str(error)[0].upper()}{str(error)[1:]}."}), None


def skeleton(asked: Asked) -> dict[str, Any]:
    """A verdict that has not been reached; INVALID keeps it as it is but for the reason."""
    metric, taken = metric_of(asked), snapshot(asked.truth) if asked.truth else {}
    used = [used_data(entry) for entry in asked.history]
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": "INVALID",
        "passed": False,
        "reason": "",
        "as_of": taken.get("as_of") or asked.provenance.get("as_of"),
        "rows": None,
        "metric": {"name": metric.name, "title": metric.title, "direction": metric.direction},
        "models": {},
        "comparisons": [],
        "findings": asked.findings.get("findings", []),
        "warnings": asked.findings.get("warnings", []),
        "policy": asked.policy,
        "provenance": asked.provenance,
        "holdout_uses": used.count(taken["sha256"]) if "sha256" in taken else 0,
    }


def metric_of(asked: Asked) -> Metric:
    return known_metrics()[asked.policy["metric"]]


def used_data(entry: dict[str, Any]) -> str | None:
    """Hash of the evaluation data that an entry of the ledger was decided on."""
    verdict = entry.get("verdict")
    return (verdict.get("rows") or {}).get("data_sha256") if isinstance(verdict, dict) else None


def check_policy(asked: Asked) -> None:
    known, guardrails = known_metrics(), [*asked.policy["guardrails"]]
    names = [asked.policy["metric"], *(name for name in guardrails if name != MODEL_BYTES)]
    for name in names:
        if name not in known:
            raise SettingsError(f"metric: expected one of {', '.join(known)}, found {name!r}")
    if "candidate" not in asked.models:
        return
    label_type = label_of(asked)["type"]
    for name in names:
        if label_type not in known[name].label_types:
            raise SettingsError(f"metric {name} does not suit a label of type {label_type!r}")


def label_of(asked: Asked) -> dict[str, Any]:
    label: dict[str, Any] = asked.models["candidate"].record["label"]
    return label


def evaluation_rows(asked: Asked) -> pa.Table:
    if asked.truth is None or not len(asked.truth):
        raise Invalid("there are no evaluation rows")
    return asked.truth


def refuse_findings(findings: dict[str, Any]) -> None:
    found = findings.get("findings", [])
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Invalid(f"the data is refused: {found[0]['message'].rstrip('.')}{more}")


def refuse_overlap(asked: Asked) -> None:
    """Rows that a model was trained on say nothing about it."""
    truth = evaluation_rows(asked)
    start = times(truth.column(TIME)).min()
    for name in ("candidate", "control"):
        window = asked.models[name].record.get("training_window") if name in asked.models else None
        if window and start < np.datetime64(window["end"]):
            raise Invalid(f"the {name} was trained up to {window['end']}, evaluation rows start at {start}")
    if asked.training is not None:
        keys = asked.training.column(KEY).cast(truth.column(KEY).type)
        shared = len(truth.filter(pc.is_in(truth.column(KEY), value_set=keys)))
        if shared:
            raise Invalid(f"{shared:,} evaluation rows are training rows too")


def check_values(rows: Rows, label_type: str) -> None:
    if not len(rows.label):
        raise Invalid("no evaluation row has a label")
    if not np.isfinite(rows.label).all():
        raise Invalid(f"{np.count_nonzero(~np.isfinite(rows.label)):,} labels are not numbers")
    if label_type != "binary":
        return
    if not np.isin(rows.label, (0, 1)).all():
        raise Invalid("expected labels of 0 and 1 only")
    for name, values in rows.predictions.items():
        outside = int(np.count_nonzero((values < 0) | (values > 1)))
        if outside:
            raise Invalid(f"the {name}'s predictions are no probabilities in {outside:,} rows")


def dummy_prediction(asked: Asked) -> float:
    """The constant that suits the metric best, from the training labels."""
    which = metric_of(asked).best_constant
    value = label_of(asked).get(which)
    if value is None:
        raise Invalid(f"the candidate's record does not tell the label's {which}")
    return float(value)


def described_rows(rows: Rows, asked: Asked) -> dict[str, Any]:
    return {
        "n": len(rows.label),
        "clusters": len(np.unique(rows.cluster)),
        "cluster": asked.policy["cluster"],
        "start": str(rows.time.min().astype("datetime64[s]")),
        "end": str(rows.time.max().astype("datetime64[s]")),
        "data_sha256": snapshot(evaluation_rows(asked)).get("sha256"),
    }


def described_models(rows: Rows, asked: Asked) -> dict[str, Any]:
    label_type, policy = label_of(asked)["type"], asked.policy
    dummy = np.full(len(rows.label), dummy_prediction(asked))
    shown = replace(rows, predictions={**rows.predictions, "dummy": dummy})
    described = {}
    for name, predictions in shown.predictions.items():
        figures = all_metrics(rows.label, predictions, label_type)
        facts = asked.models.get(name, Model({})).facts()
        value, influence = measure(metric_of(asked), shown, name)
        error = estimate(value, influence, rows, policy["confidence"]).standard_error
        described[name] = {"value": value, "standard_error": error, "metrics": figures, **facts}
    return described


def all_metrics(label: Floats, prediction: Floats, label_type: LabelType) -> dict[str, float]:
    return {
        name: value_of(metric, label, prediction)
        for name, metric in known_metrics().items()
        if label_type in metric.label_types
    }


def value_of(metric: Metric, label: Floats, prediction: Floats) -> float:
    """NaN if the metric has no value on these rows: it is reported here and not judged."""
    try:
        return metric.estimate(label, prediction)[0]
    except Undefined:
        return math.nan


def finite(document: dict[str, Any]) -> dict[str, Any]:
    """The document with null for what is not a number, which JSON cannot say otherwise."""
    return {key: _finite(value) for key, value in document.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return finite(value)
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
