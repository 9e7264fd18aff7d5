"""What a verdict is made of, and how it is read from the files that other tasks left."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from engine import tables
from engine.documents import files
from engine.documents.ledger import Move
from engine.documents.parts import Findings, Provenance
from engine.documents.policy import Policy
from engine.documents.record import TrainingRecord
from engine.documents.version import Resolved, Version
from engine.judging.inputs import Model


@dataclass(frozen=True)
class VerdictInputs:
    """A policy, the models, the tables they are compared on, and what others found or know."""

    policy: Policy
    findings: Findings
    provenance: Provenance
    history: list[Move]
    models: dict[str, Model]
    truth: pa.Table | None = None
    training: pa.Table | None = None
    evaluation: pa.Table | None = None


def read_inputs(
    policy: Policy,
    provenance: Provenance,
    findings: Path,
    history: Path | None,
    truth: Path | None,
    training: Path | None,
    evaluation: Path | None,
    predictions: Mapping[str, Path | None],
    records: Mapping[str, Path | None],
    champion_version: Path | None,
) -> VerdictInputs:
    """Tables are parquet files, documents JSON; a model with no predictions takes no part."""
    models = {
        name: Model(files.read(record, TrainingRecord), table=_table(predictions[name]))
        for name, record in records.items()
        if record and predictions[name]
    }
    if champion_version and (champion := read_champion(champion_version)):
        models["champion"] = Model(champion["record"], champion["version"], _table(predictions["champion"]))
    return VerdictInputs(
        policy=policy,
        findings=files.read(findings, Findings),
        provenance=provenance,
        history=files.read(history, list[Move]) if history else [],
        models=models,
        truth=_table(truth),
        training=_table(training),
        evaluation=_table(evaluation),
    )


def read_champion(path: Path) -> Version | None:
    """The version that model_registry resolved; None if there was no champion."""
    if files.read(path, Resolved)["version"] is None:
        return None
    return files.read(path, Version)


def _table(path: Path | None) -> pa.Table | None:
    return tables.read_table(path) if path else None
