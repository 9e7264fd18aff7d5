"""Put the decision document together: what was seen of the champion, what was decided, and why."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from engine.judging.drift import weekly
from engine.judging.inputs import Invalid, Model, Rows, labelled_rows
from engine.judging.verdict_document import check_values, finite
from engine.metrics.known_metrics import known_metrics
from engine.monitoring import decision_wording, evidence
from engine.monitoring.monitor_inputs import MonitorInputs
from engine.monitoring.policy import Decision, Seen, key_of
from engine.tables import snapshot

SCHEMA_VERSION = 1
ABOUT_LABELS = {"immature_labels", "no_contrast", "empty_window"}
"""Findings that say that there is nothing to judge by, rather than that the data is broken."""
Document = dict[str, Any]


def monitor(inputs: MonitorInputs, decide: Callable[[Seen], Decision]) -> Document:
    """The document; `decide` is asked once, where there is something to decide by."""
    document = skeleton(inputs)
    if broken := inputs.findings.get("findings", []):
        about_labels = all(each.get("check") in ABOUT_LABELS for each in broken)
        return refused(document, broken[0]["message"], len(broken), about_labels)
    try:
        rows = judged_rows(inputs)
    except Invalid as error:
        return refused(document, str(error), 1, about_labels=False)
    document |= looked_at(inputs, rows)
    seen = seen_in(inputs, document["windows"])
    decision = decide(seen)
    document["decision"], document["alarm"] = decision.decision, decision.alarm
    document["reasons"] = list(decision.reasons)
    document["key"] = key_of(seen, decision.reasons) if decision.reasons else None
    document["reason"] = decision_wording.reason(decision, seen, document, inputs.policy["monitoring"])
    document["next"] = decision_wording.what_next(decision, inputs.policy["monitoring"])
    return finite(document)


def skeleton(inputs: MonitorInputs) -> Document:
    metric = known_metrics()[inputs.policy["metric"]]
    made = made_on(inputs.version)
    return {
        "schema_version": SCHEMA_VERSION,
        "decision": "",
        "alarm": False,
        "start": inputs.policy["monitoring"]["start"],
        "reasons": [],
        "key": None,
        "reason": "",
        "next": "",
        "as_of": str(inputs.as_of),
        "metric": {"name": metric.name, "title": metric.title, "direction": metric.direction},
        "champion": {
            "version": inputs.version["version"],
            "made": str(made),
            "age_days": (inputs.as_of - made).days,
            "training_window": inputs.version["record"].get("training_window"),
            "baseline": None,
        },
        "shadow": None,
        "rows": None,
        "windows": [],
        "whole": None,
        "drift": None,
        "unknown": [],
        "findings": inputs.findings.get("findings", []),
        "warnings": inputs.findings.get("warnings", []),
        "policy": inputs.policy,
        "provenance": inputs.provenance,
    }


def refused(document: Document, message: str, count: int, about_labels: bool) -> Document:
    decision = Decision("NOT_ENOUGH_EVIDENCE" if about_labels else "DATA_FAULT")
    reason = decision_wording.refused(message, count, about_labels)
    next_step = decision_wording.what_next(decision, document["policy"]["monitoring"])
    return finite(document | {"decision": decision.decision, "reason": reason, "next": next_step})


def mature_rows(inputs: MonitorInputs) -> pa.Table:
    if inputs.truth is None or not len(inputs.truth):
        raise Invalid("there are no rows to look at")
    return inputs.truth


def judged_rows(inputs: MonitorInputs) -> Rows:
    """The labelled rows, with the shadow as the candidate against the champion."""
    truth = mature_rows(inputs)
    models = {"champion": Model(inputs.version["record"], inputs.version["version"], inputs.champion)}
    if inputs.shadow is not None:
        models["candidate"] = Model(inputs.shadow_record or {}, None, inputs.shadow)
    rows = labelled_rows(truth, models, inputs.policy | {"slices": {"columns": []}})
    check_values(rows, inputs.version["record"]["label"]["type"])
    return rows


def looked_at(inputs: MonitorInputs, rows: Rows) -> Document:
    """What the rows say, and what they cannot say."""
    taken, metric = snapshot(mature_rows(inputs)), inputs.policy["metric"]
    baseline = evidence.baseline_of(inputs.version, metric)
    records = {"champion": inputs.version["record"], "shadow": inputs.shadow_record or {}}
    windows_end = datetime.fromisoformat(taken["end"])
    judge = evidence.Judge(inputs.policy, baseline, trained_until(records))
    windows = evidence.windows(judge, rows, windows_end)
    start = datetime.fromisoformat(windows[0]["start"])
    unknown = []
    if baseline is None:
        unknown.append("drop: the champion was registered without the standard error of its figure")
    if inputs.sketches is None:
        unknown.append("drift: the champion was registered without sketches of its training rows")
    return {
        "champion": skeleton(inputs)["champion"] | {"baseline": baseline and described(baseline)},
        "shadow": inputs.shadow_record and shadow_facts(inputs.shadow_record),
        "rows": {
            "n": len(rows.label),
            "clusters": len(np.unique(rows.cluster)),
            "cluster": inputs.policy["cluster"],
            "start": start.isoformat(),
            "end": windows_end.isoformat(),
            "data_sha256": taken.get("sha256"),
        },
        "windows": windows,
        "whole": judge.window(evidence.between(rows, start, windows_end), start, windows_end),
        "drift": weekly(inputs.sketches, inputs.features) if inputs.sketches and inputs.features else None,
        "unknown": unknown,
    }


def seen_in(inputs: MonitorInputs, windows: list[Document]) -> Seen:
    def count(what: str) -> int:
        return sum(bool(window[what] and window[what]["found"]) for window in windows)

    return Seen(
        inputs.as_of,
        windows[-1]["end"],
        inputs.version["version"],
        made_on(inputs.version),
        judged=sum(window["why_not"] is None for window in windows),
        dropped=count("drop"),
        outdone=count("shadow"),
    )


def made_on(version: Document) -> date:
    """The day for which the version passed the gate; where nothing tells, the end of its training rows."""
    day = (version.get("verdict") or {}).get("as_of") or version["record"]["training_window"]["end"]
    return date.fromisoformat(day[:10])


def trained_until(records: dict[str, Document]) -> dict[str, datetime]:
    windows = {name: record.get("training_window") or {} for name, record in records.items()}
    return {
        name: datetime.fromisoformat(window["end"]) for name, window in windows.items() if window.get("end")
    }


def shadow_facts(record: Document) -> Document:
    return {name: record.get(name) for name in ("training_window", "rows", "model_sha256")}


def described(baseline: Any) -> Document:
    return {
        "value": baseline.value,
        "standard_error": baseline.standard_error,
        "clusters": baseline.clusters,
    }
