"""Tests of score_model's second interface: a stream of rows, of which some cannot be scored."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.components.conftest import FLIGHTS, feature_settings_of, run_main, words_of
from tests.components.test_score_model import TRAINING

VERSION = "5" * 64


@pytest.fixture(scope="module")
def model(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    options = {"training_settings": TRAINING, "feature_settings": feature_settings_of()}
    files = {"features": built["training"], "model": folder / "model", "record": folder / "record"}
    assert run_main("train_model", {**options, **files}) == 0
    return folder / "model"


def test_a_batch_has_the_predictions_that_the_gate_judged(
    run_component, feature_settings, built, model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("engine.scoring.batch.BATCH_ROWS", 1000)
    judged = {"model": model, "feature_settings": feature_settings, "features": built["evaluation"]}
    assert run_component("score_model", **judged, predictions=tmp_path / "judged").status == 0
    scored, rejects = predict(run_component, model, feature_settings, built["evaluation"], tmp_path)
    features = pq.read_table(built["evaluation"])
    assert scored.column_names == ["flight_id", "scheduled_departure", "prediction", "model_version"]
    assert scored.select(["flight_id", "prediction"]).equals(pq.read_table(tmp_path / "judged"))
    assert scored["scheduled_departure"].equals(features["scheduled_departure"])
    assert scored["model_version"].unique().to_pylist() == [VERSION]
    assert scored.schema.metadata[b"snapshot"] == features.schema.metadata[b"snapshot"]
    assert rejects.num_rows == 0


def test_rows_that_cannot_be_scored_are_reported_with_all_reasons(
    run_component, feature_settings, built, model, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("engine.scoring.batch.BATCH_ROWS", 4)
    feature_settings["columns"]["carrier"]["required"] = True
    rows = pq.read_table(built["evaluation"]).slice(0, 10).to_pylist()
    rows[1] |= {"flight_id": None, "carrier": None}
    rows[5] |= {"distance": float("inf")}
    rows[6] |= {"distance": 9000.0, "origin": None}
    rows[8] |= {"distance": None}  # which the model can impute
    scored, rejects = predict_rows(
        run_component, model, feature_settings, pa.Table.from_pylist(rows), tmp_path
    )
    too_far = "distance: expected at most 6000, found more"
    assert rejects.drop_columns("flight_id").to_pylist() == [
        {
            "row": 1,
            "reason": "flight_id: expected a key, found none; carrier: expected a category, found none",
        },
        {"row": 5, "reason": f"distance: expected a finite number, found another; {too_far}"},
        {"row": 6, "reason": too_far},
    ]
    assert rejects["flight_id"].to_pylist() == [None, rows[5]["flight_id"], rows[6]["flight_id"]]
    assert scored["flight_id"].to_pylist() == [rows[at]["flight_id"] for at in (0, 2, 3, 4, 7, 8, 9)]


def test_a_column_of_another_type_rejects_what_is_in_it(
    run_component, feature_settings, built, model, tmp_path
) -> None:
    rows = pq.read_table(built["evaluation"]).slice(0, 3)
    place = rows.column_names.index("distance")
    rows = rows.set_column(place, "distance", pa.array(["500", None, "a mile"]))
    scored, rejects = predict_rows(run_component, model, feature_settings, rows, tmp_path)
    assert set(rejects["reason"].to_pylist()) == {"distance: expected a number, found string"}
    assert (scored.num_rows, rejects["row"].to_pylist()) == (1, [0, 2])


def test_truncated_features_leave_nothing(run_component, feature_settings, built, model, tmp_path) -> None:
    content = bytearray(built["evaluation"].read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    (tmp_path / "features").write_bytes(content)
    ended = run(run_component, model, feature_settings, tmp_path / "features", tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "features: expected a parquet file" in ended.error
    assert [path.name for path in tmp_path.iterdir()] == ["features"]


def test_memory_does_not_grow_with_the_rows(model, tmp_path) -> None:
    names = [f"n{number}" for number in range(10)]
    settings = {"key": "key", "time": "time", "label": {"name": "late", "type": "binary"}}
    settings["columns"] = {name: {"type": "number", "known": "before"} for name in names}
    random = np.random.default_rng(1)
    rows = pa.table({name: random.normal(size=100_000) for name in ("key", "time", *names)})
    program = (
        "from pathlib import Path; from components.score_model import main;"
        "from engine.scoring import scoring;"
        "scoring.predict = lambda model, rows, *_: [0.5] * len(rows); main.main();"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    peaks = []
    for times in (4, 12):
        with pq.ParquetWriter(tmp_path / "features", rows.schema, use_dictionary=False) as file:
            for _ in range(times):
                file.write_table(rows)
        words = words_of(options_of(model, settings, tmp_path / "features", tmp_path))
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, cwd=FLIGHTS.parents[1], capture_output=True, text=True, check=True)
        peaks.append(int(re.findall(r"\d+", done.stdout)[-1]))
        assert pq.read_metadata(tmp_path / "predictions").num_rows == times * rows.num_rows
    assert peaks[1] < 1.1 * peaks[0], f"kilobytes for some rows, and for three times as many: {peaks}"


def options_of(model: Path, settings: dict[str, Any], features: Path, folder: Path) -> dict[str, Any]:
    options = {"model": model, "model_version": VERSION, "feature_settings": settings, "features": features}
    return options | {"predictions": folder / "predictions", "rejects": folder / "rejects"}


def run(run_component: Any, model: Path, settings: dict[str, Any], features: Path, folder: Path) -> Any:
    return run_component("score_model", **options_of(model, settings, features, folder))


def predict(run_component: Any, *about: Any) -> tuple[pa.Table, pa.Table]:
    """The predictions, and the rows that were rejected."""
    ended = run(run_component, *about)
    assert ended.status == 0, ended.error
    return tuple(pq.read_table(about[-1] / name) for name in ("predictions", "rejects"))


def predict_rows(
    run_component: Any, model: Path, settings: dict[str, Any], rows: pa.Table, folder: Path
) -> tuple[pa.Table, pa.Table]:
    pq.write_table(rows.replace_schema_metadata({"snapshot": json.dumps({})}), folder / "features")
    return predict(run_component, model, settings, folder / "features", folder)
