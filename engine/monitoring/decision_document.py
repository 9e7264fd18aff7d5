"""Put the decision document together: what was seen of the champion, what was decided, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from engine.judging.drift import weekly
from engine.judging.inputs import Invalid, Model, Rows, labelled_rows
from engine.judging.verdict_document import check_values, finite
from engine.metrics.known_metrics import known_metrics
from engine.monitoring import evidence, wording
from engine.monitoring.policy import Decision, Seen, key_of
from engine.sketches import Sketches
from engine.tables import snapshot

SCHEMA_VERSION = 1
ABOUT_LABELS = {"immature_labels", "no_contrast", "empty_window"}
"""Findings that say that there is nothing to judge by, rather than that the data is broken."""
Document = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a monitor is given; there are no tables where the data was refused."""

    policy: Document
    as_of: date
    version: Document
    findings: Document
    provenance: Document
    history: list[Document]
    truth: pa.Table | None = None
    champion: pa.Table | None = None
    shadow: pa.Table | None = None
    shadow_record: Document | None = None
    features: pa.Table | None = None
    sketches: Sketches | None = None


def monitor(asked: Asked, decide: Callable[[Seen], Decision]) -> Document:
    """The document; `decide` is asked once, where there is something to decide by."""
    document = skeleton(asked)
    if broken := asked.findings.get("findings", []):
        about_labels = all(each.get("check") in ABOUT_LABELS for each in broken)
        return refused(document, broken[0]["message"], len(broken), about_labels)
    try:
        rows = judged_rows(asked)
    except Invalid as error:
        return refused(document, str(error), 1, about_labels=False)
    document |= looked_at(asked, rows)
    seen = seen_in(asked, document["windows"])
    decision = decide(seen)
    document["decision"], document["alarm"] = decision.decision, decision.alarm
    document["reasons"] = list(decision.reasons)
    document["key"] = key_of(seen, decision.reasons) if decision.reasons else None
    document["reason"] = wording.reason(decision, seen, document, asked.policy["monitoring"])
    document["next"] = wording.what_next(decision, asked.policy["monitoring"])
    return finite(document)


def skeleton(asked: Asked) -> Document:
    metric = known_metrics()[asked.policy["metric"]]
    made = made_on(asked.version)
    return {
        "schema_version": SCHEMA_VERSION,
        "decision": "",
        "alarm": False,
        "start": asked.policy["monitoring"]["start"],
        "reasons": [],
        "key": None,
        "reason": "",
        "next": "",
        "as_of": str(asked.as_of),
        "metric": {"name": metric.name, "title": metric.title, "direction": metric.direction},
        "champion": {
            "version": asked.version["version"],
            "made": str(made),
            "age_days": (asked.as_of - made).days,
            "training_window": asked.version["record"].get("training_window"),
            "baseline": None,
        },
        "shadow": None,
        "rows": None,
        "windows": [],
        "whole": None,
        "drift": None,
        "unknown": [],
        "findings": asked.findings.get("findings", []),
        "warnings": asked.findings.get("warnings", []),
        "policy": asked.policy,
        "provenance": asked.provenance,
    }


def refused(document: Document, message: str, count: int, about_labels: bool) -> Document:
    decision = Decision("NOT_ENOUGH_EVIDENCE" if about_labels else "DATA_FAULT")
    reason = wording.refused(message, count, about_labels)
    next_step = wording.what_next(decision, document["policy"]["monitoring"])
    return finite(document | {"decision": decision.decision, "reason": reason, "next": next_step})


def mature_rows(asked: Asked) -> pa.Table:
    if asked.truth is None or not len(asked.truth):
        raise Invalid("there are no rows to look at")
    return asked.truth


def judged_rows(asked: Asked) -> Rows:
    """The labelled rows, with the shadow as the candidate against the champion."""
    truth = mature_rows(asked)
    models = {"champion": Model(asked.version["record"], asked.version["version"], asked.champion)}
    if asked.shadow is not None:
        models["candidate"] = Model(asked.shadow_record or {}, None, asked.shadow)
    rows = labelled_rows(truth, models, asked.policy | {"slices": {"columns": []}})
    check_values(rows, asked.version["record"]["label"]["type"])
    return rows


def looked_at(asked: Asked, rows: Rows) -> Document:
    """What the rows say, and what they cannot say."""
    taken, metric = snapshot(mature_rows(asked)), asked.policy["metric"]
    baseline = evidence.baseline_of(asked.version, metric)
    records = {"champion": asked.version["record"], "shadow": asked.shadow_record or {}}
    windows_end = datetime.fromisoformat(taken["end"])
    judge = evidence.Judge(asked.policy, baseline, trained_until(records))
    windows = evidence.windows(judge, rows, windows_end)
    start = datetime.fromisoformat(windows[0]["start"])
    unknown = []
    if baseline is None:
        unknown.append("drop: the champion was registered without the standard error of its figure")
    if asked.sketches is None:
        unknown.append("drift: the champion was registered without sketches of its training rows")
    return {
        "champion": skeleton(asked)["champion"] | {"baseline": baseline and described(baseline)},
        "shadow": asked.shadow_record and shadow_facts(asked.shadow_record),
        "rows": {
            "n": len(rows.label),
            "clusters": len(np.unique(rows.cluster)),
            "cluster": asked.policy["cluster"],
            "start": start.isoformat(),
            "end": windows_end.isoformat(),
            "data_sha256": taken.get("sha256"),
        },
        "windows": windows,
        "whole": judge.window(evidence.between(rows, start, windows_end), start, windows_end),
        "drift": weekly(asked.sketches, asked.features) if asked.sketches and asked.features else None,
        "unknown": unknown,
    }


def seen_in(asked: Asked, windows: list[Document]) -> Seen:
    def count(what: str) -> int:
        return sum(bool(window[what] and window[what]["found"]) for window in windows)

    return Seen(
        asked.as_of,
        windows[-1]["end"],
        asked.version["version"],
        made_on(asked.version),
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
