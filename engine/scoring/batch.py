"""Score rows as they stream by: memory holds a few of them, however many there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine import tables
from engine.command_line.component_settings import Column, FeatureSettings

BATCH_ROWS = 131_072
TYPES: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null),
    "category": (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary, pa.types.is_null),
}


def score_batches(
    features: Path,
    predict: Callable[[Any], Any],
    settings: FeatureSettings,
    version: str,
    predictions: Path,
    rejects: Path,
) -> tuple[int, int]:
    """How many rows were scored and rejected; `predict` gets a data frame of sound rows at a time."""
    key, time = settings["key"], settings["time"]
    columns = [*dict.fromkeys([key, time, *settings["columns"]])]
    scored = rejected = 0
    with tables.read_batches(features, columns, BATCH_ROWS) as (schema, batches):
        metadata: dict[bytes | str, bytes | str] = {
            "snapshot": (schema.metadata or {}).get(b"snapshot", b"{}")
        }
        prediction = pa.field("prediction", pa.float64())
        version_of = pa.field("model_version", pa.dictionary(pa.int8(), pa.string()))
        kept = pa.schema([schema.field(key), schema.field(time), prediction, version_of], metadata)
        refused = pa.schema([pa.field("row", pa.int64()), schema.field(key), pa.field("reason", pa.string())])
        with _writer(predictions, kept, [time, "model_version"]) as good, _writer(rejects, refused) as bad:
            for batch in batches:
                if faulty := faults(batch, settings):
                    wrong, reasons = joined(faulty)
                    rows = pc.add(pc.indices_nonzero(wrong).cast(pa.int64()), scored + rejected)
                    bad.write_batch(_batch([rows, batch[key].filter(wrong), reasons.filter(wrong)], refused))
                    rejected += len(rows)
                    batch = batch.filter(pc.invert(wrong))
                if count := batch.num_rows:
                    values = pa.array(predict(batch.select([*settings["columns"]]).to_pandas()), pa.float64())
                    # A dictionary of one value, because comparing millions of strings is slow.
                    one_version = pa.DictionaryArray.from_arrays(
                        np.zeros(count, np.int8), pa.array([version])
                    )
                    written = [batch[key], batch[time], values, one_version]
                    good.write_batch(_batch(written, kept))
                    scored += count
    return scored, rejected


def faults(batch: pa.RecordBatch, settings: FeatureSettings) -> list[tuple[pa.Array[Any], str]]:
    """What keeps rows of a batch from being scored: which rows, and what was expected of them."""
    key = settings["key"]
    checks: list[tuple[pa.Array[Any], str]] = [
        (pc.is_null(batch[key], nan_is_null=True), f"{key}: expected a key, found none")
    ]
    for name, column in settings["columns"].items():
        checks += _column_checks(batch[name], name, column)
    return [(wrong, text) for wrong, text in checks if pc.any(wrong).as_py()]


def _column_checks(values: pa.Array[Any], name: str, column: Column) -> Iterator[tuple[pa.Array[Any], str]]:
    kind = column["type"]
    if column.get("required"):
        yield pc.is_null(values, nan_is_null=True), f"{name}: expected a {kind}, found none"
    if not any(is_type(values.type) for is_type in TYPES[kind]):
        yield pc.is_valid(values), f"{name}: expected a {kind}, found {values.type}"
        return
    if kind == "number" and not (pa.types.is_null(values.type) or pa.types.is_boolean(values.type)):
        yield from _number_checks(values, name, column)


def _number_checks(values: pa.Array[Any], name: str, column: Column) -> Iterator[tuple[pa.Array[Any], str]]:
    low, high = float(column.get("min", -math.inf)), float(column.get("max", math.inf))
    array = values.to_numpy(zero_copy_only=False)
    least, most = float(np.fmin.reduce(array)), float(np.fmax.reduce(array))
    if low <= least <= most <= high and math.isfinite(least) and math.isfinite(most):
        return  # as nearly always, and one look at the column tells
    numbers = values.cast(pa.float64())
    for wrong, expected in (
        (pc.is_inf(numbers), "a finite number, found another"),
        (pc.less(numbers, pa.scalar(low)), f"at least {low:g}, found less"),
        (pc.greater(numbers, pa.scalar(high)), f"at most {high:g}, found more"),
    ):
        yield wrong.fill_null(False), f"{name}: expected {expected}"


def joined(faulty: list[tuple[pa.Array[Any], str]]) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Which rows are at fault, and all that is wrong with each."""
    [(wrong, text), *others] = faulty
    reasons = pc.if_else(wrong, text, None)
    for also_wrong, other in others:
        both = pc.binary_join_element_wise(reasons, pa.scalar(other), "; ", null_handling="skip")
        reasons = pc.if_else(also_wrong, both, reasons)
        wrong = pc.or_(wrong, also_wrong)
    return wrong, reasons


def _batch(columns: list[pa.Array[Any]], schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch(columns, schema=schema)


@contextmanager
def _writer(path: Path, schema: pa.Schema, repeating: list[str] | bool = True) -> Iterator[pq.ParquetWriter]:
    """A file for rows of `schema`, fast to write: only `repeating` columns get a dictionary."""
    with (
        tables.written_whole(path) as unfinished,
        pq.ParquetWriter(
            unfinished,
            schema,
            compression="lz4",
            use_dictionary=repeating,  # type: ignore[arg-type] # its stubs lack the list of columns
        ) as file,
    ):
        yield file
