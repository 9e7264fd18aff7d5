"""Tables of a candidate are read as foreign data, and refused with words that say what they are."""

import json
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import SettingsError
from engine.handover import received
from engine.tables.replay import Cause

ROWS = pa.table({"id": [1, 2], "prediction": [0.25, 0.5]})
DIFFERENCE: dict[str, Any] = {
    "feature": "id",
    "cause": "other rows",
    "day": "2013-08-02",
    "rows": 1,
    "day_rows": 2,
}


def written(folder: Path, table: pa.Table, metadata: dict[str, str] | None = None) -> Path:
    path = folder / "some.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


def test_labels_are_joined_by_keys_that_the_judge_has_as_categories() -> None:
    truth = pa.table({"id": pa.array(["a", "b"]).dictionary_encode(), "at": [1, 2], "late": [0, 1]})
    seen = pa.table({"id": ["b", "a", "c"], "at": [2, 1, 3], "late": [0, 0, 0]})
    assert received.with_labels(seen, truth)["late"].to_pylist() == [1, 0, None]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"id": ["a"], "at": [1]}, "expected key, time, label and features, found 2 columns"),
        ({"id": ["a"], "at": [1], "late": [1]}, "expected keys of type int64, found string"),
    ],
)
def test_features_that_cannot_be_joined_are_refused(features: dict[str, list[Any]], said: str) -> None:
    truth = pa.table({"id": [1], "at": [1], "late": [1]})
    with pytest.raises(SettingsError) as refused:
        received.with_labels(pa.table(features), truth)
    assert str(refused.value) == f"what the candidate handed over: evaluation.parquet: {said}"


LONG_TYPE = pa.struct({"a" * 200: pa.int8()})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            pa.table({"a": [1, 2, 3]}),
            "expected at most 2 rows and 2,000 columns, each once, found 3 rows and 1 columns",
        ),
        (
            pa.table([[1], [1]], names=["a", "a"]),
            "expected at most 2 rows and 2,000 columns, each once, found 1 rows and 2 columns",
        ),
        (
            pa.table({"a": pa.array([{"a" * 200: 1}], LONG_TYPE)}),
            f"expected plain values in 'a', found {str(LONG_TYPE)[:100]}",
        ),
        (
            pa.table({"a": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))}),
            "expected plain values in 'a', found extension<arrow.uuid>",
        ),
        (
            pa.table({"a": ["b" * 1001]}),
            "expected texts of at most 1,000 bytes in 'a', found 1,001",
        ),
    ],
)
def test_a_table_that_a_judge_does_not_read_is_refused(tmp_path: Path, table: pa.Table, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        received.read_foreign(written(tmp_path, table), 2)
    assert str(refused.value) == f"what the candidate handed over: some.parquet: {said}"


def test_a_footer_that_understates_its_rows_is_not_believed(tmp_path: Path) -> None:
    """Two rows, as the last number before the list of row groups says it."""
    path = written(tmp_path, ROWS)
    content = path.read_bytes()
    assert content.count(b"\x16\x04\x19") == 1
    path.write_bytes(content.replace(b"\x16\x04\x19", b"\x16\x02\x19"))
    with pytest.raises(SettingsError, match=r": some.parquet: expected at most 1 rows, found 2$"):
        received.read_foreign(path, 1)


def test_a_file_that_is_not_parquet_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    path.write_bytes(bytes(60))
    with pytest.raises(SettingsError, match=r": expected a parquet file, found Parquet magic bytes not"):
        received.read_foreign(path, 2)


def test_as_many_columns_are_read_as_there_may_be() -> None:
    columns = pa.schema([(f"c{number}", pa.int8()) for number in range(received.MOST_COLUMNS)])
    assert received.text_columns(columns, 2, 2, "some") == []


def test_columns_of_text_are_those_that_pandas_writes_as_categories_too() -> None:
    category = pa.dictionary(pa.int8(), pa.string())
    columns = pa.schema([("a", category), ("b", pa.int8()), ("c", pa.large_string())])
    assert received.text_columns(columns, 2, 2, "some") == ["a", "c"]


@pytest.mark.parametrize(
    ("texts", "most", "fits"),
    [
        (["b" * 1000], 1000, True),
        (["b" * 10, "b"], 20, True),
        (["b" * 11, "b"], 20, False),
        ([None, None], 0, True),
    ],
)
def test_a_column_of_text_has_a_bounded_size(
    monkeypatch: pytest.MonkeyPatch, texts: list[str | None], most: int, fits: bool
) -> None:
    monkeypatch.setattr(received, "MOST_TEXT", most)
    column = pa.chunked_array([pa.array(texts, pa.string()).dictionary_encode()])
    if fits:
        assert received.plain_text("some", "a", column).to_pylist() == texts
    else:
        with pytest.raises(SettingsError):
            received.plain_text("some", "a", column)


def test_each_column_may_differ_by_each_cause(tmp_path: Path) -> None:
    largest = DIFFERENCE | {"rows": 0, "day_rows": int(received.LARGEST_NUMBER)}
    most = [DIFFERENCE] * (2 * len(get_args(Cause)) - 1) + [largest]
    path = written(tmp_path, ROWS, {"replay": json.dumps({"differences": most})})
    assert received.replayed(path) == most


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": -1},
        {"day_rows": 10**16},
        {"largest": float("inf")},
        {"largest": float("nan")},
        {"day": "a day"},
        {"feature": "another"},
    ],
)
def test_a_difference_of_something_else_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = written(tmp_path, ROWS, {"replay": json.dumps({"differences": [DIFFERENCE | changed]})})
    with pytest.raises(SettingsError) as refused:
        received.replayed(path)
    assert str(refused.value).endswith("expected differences of single days and of its columns, found others")


def test_an_invalid_difference_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS, {"replay": json.dumps({"differences": [DIFFERENCE | {"cause": "x"}]})})
    with pytest.raises(SettingsError) as refused:
        received.replayed(path)
    reason = (
        "expected features with what changed on single days, found differences[0].cause: expected 'later outc"
    )
    assert str(refused.value).endswith(f"expected differences of single days, found {reason}")
