"""Put the verdict together: what was compared on which rows, the decision and why."""

import math
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.command_line import SettingsError
from engine.documents.ledger import Move
from engine.documents.parts import Findings, UsedRows
from engine.documents.policy import Mode, Policy
from engine.documents.verdict import Verdict
from engine.judging import decision
from engine.judging.figures import described_models, dummy_prediction, label_of, metric_of
from engine.judging.inputs import KEY, TIME, Invalid, Rows, labelled_rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.judging.verdict_wording import SAME_MODEL, not_comparable
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metrics import MODEL_BYTES
from engine.tables import decoded, snapshot
from engine.tables.columns import times
from engine.tables.snapshots import Snapshot

Kind = TypeVar("Kind")


def judge(inputs: VerdictInputs) -> tuple[Verdict, Rows | None]:
    """The verdict document, and the rows it was found on; there are none if it is INVALID."""
    check_policy(inputs)
    document = skeleton(inputs)
    try:
        refuse_findings(inputs.findings)
        refuse_overlap(inputs)
        rows = labelled_rows(
            evaluation_rows(inputs),
            inputs.models,
            inputs.policy["cluster"],
            inputs.policy["slices"]["columns"],
        )
        label = label_of(inputs)
        check_values(rows, label["type"])
        is_same = decision.control_is_champion(rows, inputs.models, inputs.policy)
        if is_same:
            inputs, rows = without_control(inputs, rows)
        dummy = dummy_prediction(metric_of(inputs), label)
        comparisons = decision.decide(rows, inputs.models, inputs.policy, dummy)
        if not comparisons:
            raise Invalid(
                "there is no reference to compare with: neither a control nor a champion was asked for"
            )
        reached: Verdict = {
            **document,
            "rows": described_rows(rows, inputs),
            "models": described_models(rows, inputs, label),
            "comparisons": comparisons,
            **decision.overall(comparisons),
        }
        if is_same:
            reached["reason"] = f"{reached['reason']} {SAME_MODEL}"
        if redefines := inputs.provenance.get("redefines"):
            reached["passed"] = False
            reached["reason"] = f"{not_comparable(redefines)} {reached['reason']}"
        return finite(reached), rows
    except Invalid as error:
        document["reason"] = f"{str(error)[0].upper()}{str(error)[1:]}."
        return finite(document), None


def without_control(inputs: VerdictInputs, rows: Rows) -> tuple[VerdictInputs, Rows]:
    """The champion stands for the control too, and has to be beaten as the stricter of both."""
    references = inputs.policy["references"]
    strictest: Mode = "improve" if "improve" in references.values() else "not-worse"
    policy: Policy = {**inputs.policy, "references": {"champion": strictest}}
    models = {name: model for name, model in inputs.models.items() if name != "control"}
    predictions = {name: values for name, values in rows.predictions.items() if name != "control"}
    return replace(inputs, models=models, policy=policy), replace(rows, predictions=predictions)


def skeleton(inputs: VerdictInputs) -> Verdict:
    """A verdict that has not been reached; INVALID keeps it as it is but for the reason."""
    metric, taken = metric_of(inputs), snapshot(inputs.truth) if inputs.truth else Snapshot()
    as_of = taken.get("as_of") or inputs.provenance.get("as_of")
    used = [used_data(entry) for entry in inputs.history]
    return {
        "schema_version": 1,
        "verdict": "INVALID",
        "passed": False,
        "reason": "",
        "as_of": str(as_of) if as_of else None,
        "rows": None,
        "metric": {"name": metric.name, "title": metric.title, "direction": metric.direction},
        "models": {},
        "comparisons": [],
        "findings": inputs.findings.get("findings", []),
        "warnings": inputs.findings.get("warnings", []),
        "policy": inputs.policy,
        "provenance": inputs.provenance,
        "holdout_uses": used.count(taken["sha256"]) if "sha256" in taken else 0,
    }


def used_data(entry: Move) -> str | None:
    """Hash of the evaluation data that an entry of the ledger was decided on."""
    rows = entry["verdict"]["rows"]
    return rows["data_sha256"] if rows else None


def check_policy(inputs: VerdictInputs) -> None:
    known, guardrails = known_metrics(), [*inputs.policy["guardrails"]]
    names = [inputs.policy["metric"], *(name for name in guardrails if name != MODEL_BYTES)]
    for name in names:
        if name not in known:
            raise SettingsError(f"metric: expected one of {', '.join(known)}, found {name!r}")
    if "candidate" not in inputs.models:
        return
    label_type = label_of(inputs)["type"]
    for name in names:
        if label_type not in known[name].label_types:
            raise SettingsError(f"metric {name} does not suit a label of type {label_type!r}")


def evaluation_rows(inputs: VerdictInputs) -> pa.Table:
    if inputs.truth is None or not len(inputs.truth):
        raise Invalid("there are no evaluation rows")
    return inputs.truth


def refuse_findings(findings: Findings) -> None:
    refusals = findings.get("findings", [])
    if refusals:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        raise Invalid(f"the data is refused: {refusals[0]['message'].rstrip('.')}{more}")


def refuse_overlap(inputs: VerdictInputs) -> None:
    """Rows that a model was trained on say nothing about it."""
    truth = evaluation_rows(inputs)
    start = times(truth.column(TIME)).min()
    for name in ("candidate", "control"):
        window = inputs.models[name].record.get("training_window") if name in inputs.models else None
        if window and start < np.datetime64(window["end"]):
            raise Invalid(f"the {name} was trained up to {window['end']}, evaluation rows start at {start}")
    if inputs.training is not None:
        keys = decoded(truth.column(KEY))
        training_keys = decoded(inputs.training.column(KEY)).cast(keys.type)
        shared = len(truth.filter(pc.is_in(keys, value_set=training_keys)))
        if shared:
            raise Invalid(f"{shared:,} evaluation rows are training rows too")


def check_values(rows: Rows, label_type: str) -> None:
    if not len(rows.label):
        raise Invalid("no evaluation row has a label")
    if not np.isfinite(rows.label).all():
        raise Invalid(f"{np.count_nonzero(~np.isfinite(rows.label)):,} labels are not numbers")
    if label_type == "count" and (negative := int(np.count_nonzero(rows.label < 0))):
        raise Invalid(f"expected counts of 0 and more, found {negative:,} below 0")
    if label_type != "binary":
        return
    if not np.isin(rows.label, (0, 1)).all():
        raise Invalid("expected labels of 0 and 1 only")
    for name, values in rows.predictions.items():
        outside = int(np.count_nonzero((values < 0) | (values > 1)))
        if outside:
            raise Invalid(f"the {name}'s predictions are no probabilities in {outside:,} rows")


def described_rows(rows: Rows, inputs: VerdictInputs) -> UsedRows:
    return {
        "n": len(rows.label),
        "clusters": len(np.unique(rows.cluster)),
        "cluster": inputs.policy["cluster"],
        "start": str(rows.time.min().astype("datetime64[s]")),
        "end": str(rows.time.max().astype("datetime64[s]")),
        "data_sha256": snapshot(evaluation_rows(inputs)).get("sha256"),
    }


def finite(document: Kind) -> Kind:
    """The document with null for what is not a number, which JSON cannot say otherwise."""
    made: Kind = _finite(document)
    return made


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
