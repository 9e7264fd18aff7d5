"""The rows of a table in some span of time, wherever its files lie."""

from __future__ import annotations

import calendar
import hashlib
import json
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from engine import tables
from engine.datasets.files import DataFile, read_files, table_files
from engine.datasets.parts import opened
from engine.datasets.schemas import concatenated
from engine.tables.snapshots import LoadedTable

if TYPE_CHECKING:
    Mask = pa.ChunkedArray[Any] | pa.BooleanArray

FILES_AT_ONCE = 8
"""Of a store, which most of a file's time is waiting for; local files only compete for the processor."""


class TimedRows(NamedTuple):
    """The rows of a file that are in a span of time, and how many rows of the file have no time."""

    rows: pa.Table
    untimed: int


def read_rows(
    uri: str, time: str, start: datetime, end: datetime, types: Mapping[str, str] | None = None
) -> pa.Table:
    """The rows with start <= `time` < end of a file, or of all that are below a folder.

    They are CSV files if `types` of columns are declared, parquet files otherwise.
    """

    def read(files: list[DataFile]) -> dict[str, TimedRows]:
        is_local = files[0].filesystem.type_name == "local"
        with ThreadPoolExecutor(1 if is_local else FILES_AT_ONCE) as threads:
            parts = threads.map(lambda file: read_part(file, time, start, end), files)
            return dict(zip((file.uri for file in files), parts, strict=True))

    parts = read_files(table_files(uri, types), (start, end), read)
    if untimed := sum(part.untimed for part in parts.values()):
        print(f"{uri}: {untimed} rows have no {time} and are left out")
    return concatenated({name: part.rows for name, part in parts.items()})


def read_part(file: DataFile, time: str, start: datetime, end: datetime) -> TimedRows:
    """The rows of one file; of row groups whose times are all outside, nothing else is read."""
    with opened(file, time) as part:
        times = part.times()
        inside = is_inside(times, start, end)
        edges = enumerate(part.row_groups)
        rows = part.read(
            [group for group, (first, stop) in edges if pc.any(inside.slice(first, stop - first)).as_py()]
        )
    return TimedRows(rows.filter(is_inside(rows[time], start, end)), times.null_count)


def is_inside(times: pa.ChunkedArray[Any], start: datetime, end: datetime) -> Mask:
    """Whether each time is in [start, end); null if there is none."""
    if pa.types.is_null(times.type):  # as pandas writes a day without rows
        times = times.cast(pa.timestamp("us"))
    since, until = moment(start, times.type), moment(end, times.type)
    return pc.and_(pc.greater_equal(times, since), pc.less(times, until))


def moment(time: datetime, kind: pa.DataType) -> pa.Scalar[Any]:
    """As pa.scalar and pyarrow.dataset would, but they import pandas if it is installed: a second."""
    return _seconds(calendar.timegm(time.timetuple()), pa.timestamp("s")).cast(kind)


def duration(days: int, unit: Literal["s", "ms", "us", "ns"]) -> pa.Scalar[Any]:
    return _seconds(days * 86_400, pa.duration("s")).cast(pa.duration(unit))


def _seconds(number: int, kind: pa.DataType) -> pa.Scalar[Any]:
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(struct.pack("q", number))])[0]


def write_rows(rows: pa.Table, time: str, path: Path, uri: str) -> LoadedTable:
    """Write the `rows` of `uri`, their `time` as windows have it."""
    rows = with_plain_times(rows, time)
    tables.write_table(rows, path)
    return {"rows": rows.num_rows, "sha256": tables.file_sha256(path), "uri": uri}


def with_plain_times(rows: pa.Table, time: str) -> pa.Table:
    """The same rows, their `time` in UTC with no zone, a date as midnight."""
    kind = rows.schema.field(time).type
    if pa.types.is_timestamp(kind) and not kind.tz:
        return rows
    plain = pa.timestamp(kind.unit if pa.types.is_timestamp(kind) else "s")
    return rows.set_column(rows.schema.get_field_index(time), time, rows[time].cast(plain))


def joint_sha256(loaded: dict[str, LoadedTable]) -> str:
    """One hash for all tables: of their names and hashes, not of where they came from."""
    hashes = {name: table["sha256"] for name, table in loaded.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
