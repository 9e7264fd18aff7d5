"""Put the decision document together: what was seen of the champion, what was decided, and why."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from engine.command_line import SettingsError
from engine.documents.monitor_decision import Baseline, Decision, MonitoredWindow, Shadow, WindowDifference
from engine.documents.record import TrainingRecord
from engine.documents.version import Version
from engine.judging.drift import weekly
from engine.judging.inputs import Invalid, Model, Rows, labelled_rows
from engine.judging.statistics import Estimate
from engine.judging.verdict_document import check_values, finite
from engine.metrics.known_metrics import known_metrics
from engine.monitoring import decision_wording, evidence
from engine.monitoring.alarm_policy import AlarmDecision, Seen, key_of
from engine.monitoring.monitor_inputs import MonitorInputs
from engine.tables import snapshot

ABOUT_LABELS = {"immature_labels", "no_contrast", "empty_window"}
"""Findings that say that there is nothing to judge by, rather than that the data is broken."""


def monitor(inputs: MonitorInputs, decide: Callable[[Seen], AlarmDecision]) -> Decision:
    """The document; `decide` is asked once, if there is something to decide by."""
    document = skeleton(inputs)
    if broken := inputs.findings.get("findings", []):
        about_labels = all(finding.get("check") in ABOUT_LABELS for finding in broken)
        return refused(document, broken[0]["message"], len(broken), about_labels)
    try:
        rows = judged_rows(inputs)
    except Invalid as error:
        return refused(document, str(error), 1, about_labels=False)
    look_at(document, inputs, rows)
    seen = seen_in(inputs, document["windows"])
    decision = decide(seen)
    document["decision"], document["alarm"] = decision.decision, decision.alarm
    document["reasons"] = list(decision.reasons)
    document["key"] = key_of(seen, decision.reasons) if decision.reasons else None
    document["reason"] = decision_wording.reason(decision, seen, document, inputs.policy["monitoring"])
    document["next"] = decision_wording.what_next(decision, inputs.policy["monitoring"])
    return finite(document)


def skeleton(inputs: MonitorInputs) -> Decision:
    metric = known_metrics()[inputs.policy["metric"]]
    made = made_on(inputs.version)
    return {
        "schema_version": 1,
        "decision": "NOT_ENOUGH_EVIDENCE",
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
            "training_window": inputs.version["record"]["training_window"],
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


def refused(document: Decision, message: str, count: int, about_labels: bool) -> Decision:
    decision = AlarmDecision("NOT_ENOUGH_EVIDENCE" if about_labels else "DATA_FAULT")
    document["decision"] = decision.decision
    document["reason"] = decision_wording.refused(message, count, about_labels)
    document["next"] = decision_wording.what_next(decision, document["policy"]["monitoring"])
    return finite(document)


def mature_rows(inputs: MonitorInputs) -> pa.Table:
    if inputs.truth is None or not len(inputs.truth):
        raise Invalid("there are no rows to look at")
    return inputs.truth


def judged_rows(inputs: MonitorInputs) -> Rows:
    """The labelled rows, with the shadow as the candidate against the champion."""
    truth = mature_rows(inputs)
    models = {"champion": Model(inputs.version["record"], inputs.version["version"], inputs.champion)}
    if inputs.shadow is not None:
        if inputs.shadow_record is None:
            raise Invalid("the shadow has no training record")
        models["candidate"] = Model(inputs.shadow_record, None, inputs.shadow)
    rows = labelled_rows(truth, models, inputs.policy["cluster"], [])
    check_values(rows, inputs.version["record"]["label"]["type"])
    return rows


def look_at(document: Decision, inputs: MonitorInputs, rows: Rows) -> None:
    """Add what the rows say, and what they cannot say, to `document`."""
    taken, metric = snapshot(mature_rows(inputs)), inputs.policy["metric"]
    baseline = evidence.baseline_of(inputs.version, metric)
    records = {"champion": inputs.version["record"]}
    if inputs.shadow_record:
        records["shadow"] = inputs.shadow_record
    windows_end = datetime.fromisoformat(taken["end"])
    judge = evidence.Judge(inputs.policy, baseline, trained_until(records))
    windows = evidence.windows(judge, rows, windows_end)
    start = datetime.fromisoformat(windows[0]["start"])
    if baseline is None:
        document["unknown"].append(
            "drop: the champion was registered without the standard error of its figure"
        )
    if inputs.sketches is None:
        document["unknown"].append("drift: the champion was registered without sketches of its training rows")
    document["champion"]["baseline"] = described(baseline) if baseline else None
    document["shadow"] = shadow_facts(inputs.shadow_record) if inputs.shadow_record else None
    document["rows"] = {
        "n": len(rows.label),
        "clusters": len(np.unique(rows.cluster)),
        "cluster": inputs.policy["cluster"],
        "start": start.isoformat(),
        "end": windows_end.isoformat(),
        "data_sha256": taken.get("sha256"),
    }
    document["windows"] = windows
    document["whole"] = judge.window(evidence.between(rows, start, windows_end), start, windows_end)
    if inputs.sketches and inputs.features:
        document["drift"] = weekly(inputs.sketches, inputs.features)


def seen_in(inputs: MonitorInputs, windows: list[MonitoredWindow]) -> Seen:
    def count(differences: Iterable[WindowDifference | None]) -> int:
        return sum(bool(difference and difference["found"]) for difference in differences)

    return Seen(
        inputs.as_of,
        windows[-1]["end"],
        inputs.version["version"],
        made_on(inputs.version),
        judged=sum(window["why_not"] is None for window in windows),
        dropped=count(window["drop"] for window in windows),
        outdone=count(window["shadow"] for window in windows),
    )


def made_on(version: Version) -> date:
    """The day for which the version passed the gate; if that is unknown, the end of its training rows."""
    day = version["verdict"]["as_of"] or version["record"]["training_window"]["end"]
    if day is None:
        raise SettingsError(f"version {version['version']}: expected the day it was made for, found none")
    return date.fromisoformat(day[:10])


def trained_until(records: dict[str, TrainingRecord]) -> dict[str, datetime]:
    ends = {name: record["training_window"]["end"] for name, record in records.items()}
    return {name: datetime.fromisoformat(end) for name, end in ends.items() if end}


def shadow_facts(record: TrainingRecord) -> Shadow:
    return {
        "training_window": record["training_window"],
        "rows": record["rows"],
        "model_sha256": record["model_sha256"],
    }


def described(baseline: Estimate) -> Baseline:
    return {
        "value": baseline.value,
        "standard_error": baseline.standard_error,
        "clusters": baseline.clusters,
    }
