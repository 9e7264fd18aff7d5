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

SCHEMA = json.loads(Path("engine/documents/verdict.schema.json").read_bytes())
DAYS, ROWS_A_DAY = 31, 60
POLICY = {
    "metric": "roc_auc",
    "floor": 0.6,
    "confidence": 0.95,
    "min_effect": 0.0,
    "margin": 0.02,
    "inconclusive": "fail",
    "cluster": "day",
    "minimum_rows": 500,
    "minimum_clusters": 10,
    "slices": {"columns": ["origin"], "minimum_rows": 300},
    "guardrails": {"log_loss": {"margin": 0.01}, "model_bytes": {"maximum": 1000}},
    "references": {"champion": "improve", "control": "not-worse"},
}
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
    record = {
        "label": {"name": "late", "type": "binary", "mean": 0.3, "median": 0.0},
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


def write_question(inputs: VerdictInputs, folder: Path) -> dict[str, Any]:
    """The question as the options and files that compare_models is run with."""
    options: dict[str, Any] = {"policy": inputs.policy, "provenance": inputs.provenance}
    for name, each in inputs.models.items():
        options[name] = folder / f"{name}.parquet"
        tables.write_table(each.table, options[name])
        document = {"version": each.version, "record": each.record} if name == "champion" else each.record
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
