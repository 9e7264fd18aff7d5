"""What a verdict is made of, and how it is read from the files that other tasks left."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import tables
from engine.judging.inputs import Model, read_json


@dataclass(frozen=True)
class VerdictInputs:
    """A policy, the models, the tables they are compared on, and what others found or know."""

    policy: dict[str, Any]
    findings: dict[str, Any]
    provenance: dict[str, Any]
    history: list[dict[str, Any]]
    models: dict[str, Model]
    truth: pa.Table | None = None
    training: pa.Table | None = None
    evaluation: pa.Table | None = None


def read_inputs(
    policy: dict[str, Any],
    provenance: dict[str, Any],
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
        name: Model(read_json(record), table=_table(predictions[name]))
        for name, record in records.items()
        if record and predictions[name]
    }
    version: dict[str, Any] = read_json(champion_version) if champion_version else {"version": None}
    if version["version"]:
        models["champion"] = Model(version["record"], version["version"], _table(predictions["champion"]))
    return VerdictInputs(
        policy=policy,
        findings=read_json(findings),
        provenance=provenance,
        history=read_json(history) if history else [],
        models=models,
        truth=_table(truth),
        training=_table(training),
        evaluation=_table(evaluation),
    )


def _table(path: Path | None) -> pa.Table | None:
    return tables.read_table(path) if path else None
