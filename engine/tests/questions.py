"""Questions for compare_models: a month of made-up flights, and models that know them more or less well."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa

from engine import tables
from engine.judging.inputs import Model
from engine.judging.verdict_document import judge
from engine.judging.verdict_inputs import VerdictInputs
from engine.model_registry.layout import summary_of
from engine.tests.model_versions import METADATA, record_of, verdict_on
from engine.tests.policies import POLICY

SCHEMA = json.loads(Path("engine/documents/verdict.schema.json").read_bytes())
DAYS, ROWS_A_DAY = 31, 60
COUNT = DAYS * ROWS_A_DAY
RANDOM = np.random.default_rng(17)
KEYS = np.arange(COUNT) + 10_000
TIMES = np.datetime64("2013-08-01T00", "ms") + np.arange(COUNT) * np.timedelta64(24 * 60 // ROWS_A_DAY, "m")
LOGIT = RANDOM.normal(-1, 1.4, COUNT) + RANDOM.normal(0, 0.5, DAYS).repeat(ROWS_A_DAY)
LATE = RANDOM.uniform(size=COUNT) < 1 / (1 + np.exp(-LOGIT))
ORIGIN = np.array(["EWR", "JFK", "LGA"])[RANDOM.integers(0, 3, COUNT)]
SNAPSHOT = {"as_of": "2013-09-02", "sha256": "5a" * 32}


def probability(noise: float = 0.0, seed: int = 1, shift: float = 0.0) -> np.ndarray:
    """What a model says that sees the true odds through `noise`, and is `shift` too sure of delays."""
    seen = LOGIT + noise * np.random.default_rng(seed).normal(size=COUNT) + shift
    return 1 / (1 + np.exp(-seen))


def truth(label: np.ndarray = LATE) -> pa.Table:
    columns = {"flight_id": KEYS, "departure": TIMES, "late": label, "origin": ORIGIN, "distance": LOGIT}
    return pa.table(columns).replace_schema_metadata({"snapshot": json.dumps(SNAPSHOT)})


def training() -> pa.Table:
    return pa.table({"id": KEYS - 5000, "t": TIMES, "late": LATE, "origin": ORIGIN, "distance": LOGIT})


def model(predictions: np.ndarray, trained_until: str = "2013-08-01", version: str | None = None) -> Model:
    record = record_of("model") | {
        "training_window": {"start": "2013-01-01", "end": trained_until},
        "model_sha256": "ab" * 32,
        "model_bytes": 900,
    }
    table = pa.table({"flight_id": KEYS[: len(predictions)], "prediction": predictions})
    return Model(record, version, table.replace_schema_metadata({"milliseconds_per_1000_rows": "3.5"}))


def question(
    candidate: np.ndarray,
    control: np.ndarray | None = None,
    champion: np.ndarray | None = None,
    **policy: Any,
) -> VerdictInputs:
    models = {"candidate": model(candidate)}
    if control is not None:
        models["control"] = model(control)
    if champion is not None:
        models["champion"] = model(champion, "2013-05-01", "cd" * 32)
    nothing = {"findings": [], "warnings": []}
    return VerdictInputs(POLICY | policy, nothing, {}, [], models, truth(), training(), truth())


def with_record(inputs: VerdictInputs, name: str, **record: Any) -> VerdictInputs:
    """The same question with other facts about one model."""
    changed = replace(inputs.models[name], record=inputs.models[name].record | record)
    return replace(inputs, models=inputs.models | {name: changed})


def answer(inputs: VerdictInputs) -> dict[str, Any]:
    """The verdict, which satisfies its schema and survives JSON."""
    document, _ = judge(inputs)
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    return document


def version_of(champion: Model) -> dict[str, Any]:
    """The version document of a champion."""
    verdict = verdict_on("model")
    judged = {"metrics": {"roc_auc": 0.7}, "verdict": summary_of(verdict), "created": "2013-08-02T06:00:00"}
    facts = {"schema_version": 1, "record": champion.record, "model_sha256": "ab" * 32, "model_bytes": 900}
    return METADATA | facts | judged | {"version": champion.version}


def moves(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """The ledger's entries, each with other facts."""
    return [
        {
            "sequence": number,
            "ledger": f"ledger/{number:06}-ab.json",
            "before": "",
            "previous": "",
            "version": "ab" * 32,
            "move": "promote",
            "at": "2013-09-02T00:00:00+00:00",
            "metrics": {},
            "verdict": summary_of(verdict_on("model")),
        }
        | change
        for number, change in enumerate(changes, 1)
    ]


def write_question(inputs: VerdictInputs, folder: Path) -> dict[str, Any]:
    """The question as the options and files that compare_models is run with."""
    options: dict[str, Any] = {"policy": inputs.policy, "provenance": inputs.provenance}
    for name, each in inputs.models.items():
        options[name] = folder / f"{name}.parquet"
        tables.write_table(each.table, options[name])
        document = version_of(each) if name == "champion" else each.record
        options["champion_version" if name == "champion" else f"{name}_record"] = folder / f"{name}.json"
        tables.write_json(document, folder / f"{name}.json")
    for name, table in (
        ("truth", inputs.truth),
        ("training", inputs.training),
        ("evaluation", inputs.evaluation),
    ):
        if table is not None:
            options[name if name == "truth" else f"{name}_features"] = folder / f"{name}-features.parquet"
            tables.write_table(table, folder / f"{name}-features.parquet")
    for name, document in (("findings", inputs.findings), ("history", inputs.history)):
        options[name] = folder / f"{name}.json"
        tables.write_json(document, options[name])
    return options | {name: folder / "out" / name for name in ("verdict", "report", "summary", "passed")}
