"""What a monitor decides by, and how it is read from the files that other tasks left."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from engine import sketches, tables
from engine.documents import files
from engine.documents.ledger import Move
from engine.documents.parts import Findings, Provenance
from engine.documents.policy import MonitoringPolicy
from engine.documents.record import TrainingRecord
from engine.documents.version import Version
from engine.sketches import Sketches


@dataclass(frozen=True)
class MonitorInputs:
    """A policy, the champion, and the newest mature rows; there are no tables if the data was refused."""

    policy: MonitoringPolicy
    as_of: date
    version: Version
    findings: Findings
    provenance: Provenance
    history: list[Move]
    truth: pa.Table | None = None
    champion: pa.Table | None = None
    shadow: pa.Table | None = None
    shadow_record: TrainingRecord | None = None
    features: pa.Table | None = None
    sketches: Sketches | None = None


def read_inputs(
    policy: MonitoringPolicy,
    as_of: date,
    provenance: Provenance,
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
        version=files.read(champion_version, Version),
        findings=files.read(findings, Findings),
        provenance=provenance,
        history=files.read(history, list[Move]),
        truth=_table(truth),
        champion=_table(champion),
        shadow=_table(shadow),
        shadow_record=files.read(shadow_record, TrainingRecord) if shadow_record else None,
        features=_table(champion_features),
        sketches=sketches.read(stored) if stored and stored.exists() else None,
    )


def _table(path: Path | None) -> pa.Table | None:
    return tables.read_table(path) if path else None
