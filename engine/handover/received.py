"""Reads what a candidate handed over as foreign data, and writes it again as the judge's own."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine import tables
from engine.command_line import SettingsError, WorldError
from engine.command_line.typed_json import checked
from engine.documents.record import TrainingRecord
from engine.tables.replay import Cause, Difference, metadata_of, read_differences

NAMES = r"(training|evaluation|predictions)\.parquet|record\.json|model\.joblib"
MOST_COLUMNS = 2000
LONGEST_TEXT = 1000
MOST_TEXT = 1 << 30
"""Bytes of a column of text, if each of its rows has the longest."""
MOST_RECORD_BYTES = 1_000_000
LARGEST_NUMBER = 1e15
MOMENT = r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?)?"
DAY = r"\d{4}-\d\d-\d\d( \d\d:\d\d)?"
"""A day, or an hour of one if rows are predicted with a lead."""
PLAIN = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_timestamp,
    pa.types.is_date,
    pa.types.is_null,
)
TEXT = (pa.types.is_string, pa.types.is_large_string)


def receive_features(handed: Path, truth: Path, control: Path, training: Path, evaluation: Path) -> None:
    """Write the candidate's features of both windows to `training` and `evaluation`.

    `control` are the control's features of the training rows, `truth` those of the evaluation rows: they say
    how many rows there may be, which rows were loaded, and, for evaluation, what the labels are.
    """
    known, own = tables.read_table(truth), tables.read_table(control)
    features = read_foreign(handed / "evaluation.parquet", known.num_rows)
    write(with_labels(features, known), known, evaluation, replayed(handed / "evaluation.parquet"))
    features = read_foreign(handed / "training.parquet", own.num_rows)
    write(features, own, training, replayed(handed / "training.parquet"))


def receive_model(handed: Path, truth: Path, predictions: Path, record: Path) -> None:
    """Write the candidate's predictions to `predictions`, and to `record` how it says that it was trained.

    The model's size and hash are measured here; it is never loaded.
    """
    foreign = read_foreign(handed / "predictions.parquet", tables.read_table(truth).num_rows)
    if foreign.num_columns != 2 or not pa.types.is_floating(foreign.schema.field(1).type):
        raise refusal("predictions.parquet: expected a key and a number", str(foreign.schema.types)[:100])
    described = read_record(handed / "record.json")
    model = handed / "model.joblib"
    if not model.is_file():
        raise refusal("model.joblib: expected a file", "none")
    described |= {"model_sha256": tables.file_sha256(model), "model_bytes": model.stat().st_size}
    tables.write_table(foreign, predictions, milliseconds(handed / "predictions.parquet"))
    tables.write_json(described, record)


def read_foreign(path: Path, most_rows: int) -> pa.Table:
    """A table of plain columns, no larger than the rows that it was made of; with no metadata."""
    if not path.is_file():
        raise refusal(f"{path.name}: expected a table", "none")
    try:
        with pq.ParquetFile(path) as file:
            texts = text_columns(file.schema_arrow, file.metadata.num_rows, most_rows, path.name)
        # As dictionaries, or one long text that is repeated would fill the memory.
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            table = file.read()
        if table.num_rows > most_rows:
            raise refusal(f"{path.name}: expected at most {most_rows:,} rows", f"{table.num_rows:,}")
        columns = [plain_text(path.name, name, table[name]) for name in table.column_names]
        return pa.table(columns, names=table.column_names)
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise refusal(f"{path.name}: expected a parquet file", str(error).splitlines()[0][:100]) from None


def text_columns(schema: pa.Schema, rows: int, most_rows: int, name: str) -> list[str]:
    """The columns of text, of a table that is of a plain kind and no larger than it may be."""
    if rows > most_rows or len(schema) > MOST_COLUMNS or len({*schema.names}) < len(schema):
        expected = f"{name}: expected at most {most_rows:,} rows and {MOST_COLUMNS:,} columns, each once"
        raise refusal(expected, f"{rows:,} rows and {len(schema):,} columns")
    for field in schema:
        if not is_text(field.type) and not any(is_kind(field.type) for is_kind in PLAIN):
            raise refusal(f"{name}: expected plain values in {field.name!r}", str(field.type)[:100])
    return [field.name for field in schema if is_text(field.type)]


def is_text(kind: pa.DataType) -> bool:
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(is_kind(values) for is_kind in TEXT)


def plain_text(file: str, name: str, column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    if not pa.types.is_dictionary(column.type):
        return column
    for chunk in column.chunks:
        assert isinstance(chunk, pa.DictionaryArray)
        longest = max((len(text or "") for text in chunk.dictionary.to_pylist()), default=0)
        if longest > LONGEST_TEXT or longest * len(column) > MOST_TEXT:
            expected = f"{file}: expected texts of at most {LONGEST_TEXT:,} bytes in {name!r}"
            raise refusal(expected, f"{longest:,}")
    return column.cast(pa.string())


def with_labels(features: pa.Table, truth: pa.Table) -> pa.Table:
    """The candidate's rows with the true labels, by key; rows that are not in the truth have none."""
    if features.num_columns < 3:
        actual = f"{features.num_columns} columns"
        raise refusal("evaluation.parquet: expected key, time, label and features", actual)
    true_keys = tables.decoded(truth.column(0))
    try:
        keys = features.column(0).cast(true_keys.type)
    except pa.ArrowException:
        expected = f"evaluation.parquet: expected keys of type {true_keys.type}"
        raise refusal(expected, str(features.column(0).type)) from None
    position = pc.index_in(keys, value_set=true_keys)
    labels = truth.column(2).take(position)
    return features.set_column(2, truth.schema.field(2).name, labels)


def write(table: pa.Table, of: pa.Table, path: Path, differences: list[Difference]) -> None:
    """Write `table` with the snapshot of the judge's own rows, and what its maker says of single days."""
    metadata = {"snapshot": (of.schema.metadata or {})[b"snapshot"].decode()}
    tables.write_table(table, path, metadata | metadata_of(differences))


def replayed(path: Path) -> list[Difference]:
    """What a candidate says of single days of its own columns; saying nothing proves nothing."""
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
    try:
        differences = read_differences(schema)
    except WorldError as error:
        raise refusal(f"{path.name}: expected differences of single days", str(error)[:100]) from None
    features = {*schema.names}
    known = [each for each in differences if each["feature"] in features and is_sound(each)]
    if len(known) < len(differences) or len(known) > len(get_args(Cause)) * len(features):
        raise refusal(f"{path.name}: expected differences of single days and of its columns", "others")
    return differences


def is_sound(difference: Difference) -> bool:
    """Whether its day is one, and its numbers are those of rows."""
    numbers = difference["rows"], difference["day_rows"], abs(difference.get("largest", 0.0))
    is_bounded = all(0 <= number <= LARGEST_NUMBER for number in numbers)
    return is_bounded and re.fullmatch(DAY, difference["day"]) is not None


def read_record(path: Path) -> TrainingRecord:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_RECORD_BYTES + 1)
        if len(content) > MOST_RECORD_BYTES:
            raise ValueError(f"more than {MOST_RECORD_BYTES:,} bytes")
        document = json.loads(
            content, parse_constant=no_constant, parse_float=bounded_float, parse_int=bounded_int
        )
        record = checked(TrainingRecord, document)
        for moment in (record["training_window"]["start"], record["training_window"]["end"]):
            if moment is not None and not re.fullmatch(MOMENT, moment):
                raise ValueError(f"{moment[:40]!r}, which is no moment")
            datetime.fromisoformat(moment or "1970-01-01")
        return record
    except (OSError, ValueError, RecursionError) as error:
        raise refusal("record.json: expected a training record", str(error)[:100]) from None


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no number")


def bounded_float(text: str) -> float:
    number = float(text)
    if not abs(number) <= LARGEST_NUMBER:
        raise ValueError(f"{text[:40]}, which is larger than {LARGEST_NUMBER:g}")
    return number


def bounded_int(text: str) -> int:
    bounded_float(text)
    return int(text)


def milliseconds(path: Path) -> dict[str, str]:
    """How fast the candidate says that it is, which is shown and decides nothing."""
    with pq.ParquetFile(path) as file:
        stated = (file.schema_arrow.metadata or {}).get(b"milliseconds_per_1000_rows", b"nan")
    try:
        number = float(stated)
    except ValueError:
        return {}
    return {"milliseconds_per_1000_rows": f"{number:.3f}"} if math.isfinite(number) else {}


def refusal(expected: str, actual: str) -> SettingsError:
    return SettingsError(f"what the candidate handed over: {expected}, found {actual}")
