"""What a candidate says of its model is checked; what can be measured is measured here."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import SettingsError
from engine.handover import received
from engine.tests.model_versions import record_of

ROWS = pa.table({"id": [1, 2], "prediction": [0.25, 0.5]})
RECORD = record_of("a model")


def handed(folder: Path, predictions: pa.Table = ROWS, **about: Any) -> Path:
    """The folder of a model that was handed over."""
    pq.write_table(predictions, folder / "predictions.parquet")
    (folder / "record.json").write_text(json.dumps({**RECORD, **about}))
    (folder / "model.joblib").write_bytes(b"no pickle")
    return folder


def receive_model(folder: Path) -> tuple[pa.Table, dict[str, Any]]:
    pq.write_table(ROWS, folder / "truth")
    received.receive_model(folder, folder / "truth", folder / "received", folder / "record")
    return pq.read_table(folder / "received"), json.loads((folder / "record").read_text())


@pytest.mark.parametrize(
    ("stated", "milliseconds"), [("12.3456", b"12.346"), ("inf", None), ("fast", None), (None, None)]
)
def test_a_model_is_described_by_its_record_and_measured_here(
    tmp_path: Path, stated: str | None, milliseconds: bytes | None
) -> None:
    metadata = {"milliseconds_per_1000_rows": stated} if stated else None
    folder = handed(tmp_path, ROWS.replace_schema_metadata(metadata))

    table, record = receive_model(folder)

    assert table.to_pydict() == ROWS.to_pydict()
    assert (table.schema.metadata or {}).get(b"milliseconds_per_1000_rows") == milliseconds
    assert (record["estimator"], record["model_bytes"]) == (RECORD["estimator"], len(b"no pickle"))
    assert record["model_sha256"] != "0" * 64


def test_predictions_are_one_number_for_each_key(tmp_path: Path) -> None:
    many = pa.table({f"column_{number}": [1] for number in range(9)})
    with pytest.raises(SettingsError) as refused:
        receive_model(handed(tmp_path, many))
    said = str(many.schema.types)[:100]
    assert str(refused.value) == (
        f"what the candidate handed over: predictions.parquet: expected a key and a number, found {said}"
    )


def test_a_model_without_its_file_is_refused(tmp_path: Path) -> None:
    (handed(tmp_path) / "model.joblib").unlink()
    with pytest.raises(SettingsError, match=r"over: model.joblib: expected a file, found none$"):
        receive_model(tmp_path)


WINDOW = {"start": "2013-01-01", "end": "2013-07-01T12:00:00.5"}


def test_a_record_is_as_large_as_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = handed(tmp_path, training_window=WINDOW, seed=int(received.LARGEST_NUMBER)) / "record.json"
    monkeypatch.setattr(received, "MOST_RECORD_BYTES", path.stat().st_size)
    assert received.read_record(path)["training_window"] == WINDOW
    monkeypatch.setattr(received, "MOST_RECORD_BYTES", path.stat().st_size - 1)
    with pytest.raises(SettingsError, match=rf"record, found more than {path.stat().st_size - 1} bytes$"):
        received.read_record(path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows": float("nan")}, "NaN, which is no number"),
        ({"seed": -(10**16)}, "-10000000000000000, which is larger than 1e+15"),
        ({"seed": 10**50}, f"1{'0' * 39}, which is larger than 1e+15"),
        ({"training_window": {"start": None, "end": "x" * 50}}, f"'{'x' * 40}', which is no moment"),
        ({"estimator": [], "label": 1}, "estimator: expected a string, found an array"),
        ({"training_window": {"start": None, "end": "٢٠١٣-01-01"}}, "Invalid isoformat string: '٢٠١٣-01-01'"),
        ({"libraries": {"x" * 200: 5}}, f"libraries.{'x' * 90}"),
    ],
)
def test_an_invalid_record_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        received.read_record(handed(tmp_path, **changed) / "record.json")
    assert str(refused.value) == (
        f"what the candidate handed over: record.json: expected a training record, found {said}"
    )


def test_a_fraction_has_a_bound_too(tmp_path: Path) -> None:
    path = handed(tmp_path) / "record.json"
    path.write_text(json.dumps(RECORD | {"seed": 1}).replace('"seed": 1', '"seed": 1e999'))
    with pytest.raises(SettingsError, match="found 1e999, which is larger than"):
        received.read_record(path)
