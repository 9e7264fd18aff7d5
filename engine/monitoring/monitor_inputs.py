"""What a monitor decides by, and how it is read from the files that other tasks left."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import sketches, tables
from engine.judging.inputs import read_json
from engine.sketches import Sketches

Document = dict[str, Any]


@dataclass(frozen=True)
class MonitorInputs:
    """A policy, the champion, and the newest mature rows; there are no tables where the data was refused."""

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


def read_inputs(
    policy: Document,
    as_of: date,
    provenance: Document,
    champion_version: Path,
    findings: Path,
    history: Path,
    truth: Path | None,
    champion: Path | None,
    shadow: Path | None,
    shadow_record: Path | None,
    champion_features: Path | None,
    champion_model: Path | None,
) -> MonitorInputs:
    """Tables are parquet files, documents JSON; `champion_model` is the model's folder, with its sketches."""
    stored = champion_model / sketches.FILE if champion_model else None
    return MonitorInputs(
        policy=policy,
        as_of=as_of,
        version=read_json(champion_version),
        findings=read_json(findings),
        provenance=provenance,
        history=read_json(history),
        truth=_table(truth),
        champion=_table(champion),
        shadow=_table(shadow),
        shadow_record=read_json(shadow_record) if shadow_record else None,
        features=_table(champion_features),
        sketches=sketches.read(stored) if stored and stored.exists() else None,
    )


def _table(path: Path | None) -> pa.Table | None:
    return tables.read_table(path) if path else None
