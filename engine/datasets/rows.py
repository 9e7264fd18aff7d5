"""The rows of a table in some span of time, wherever its parquet files lie."""

from __future__ import annotations

import calendar
import hashlib
import json
import struct
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from engine import command_line, tables
from engine.stores import storage
from engine.tables.snapshots import LoadedTable

if TYPE_CHECKING:
    Mask = pa.ChunkedArray[Any] | pa.BooleanArray


def read_rows(uri: str, time: str, start: datetime, end: datetime) -> pa.Table:
    """The rows with start <= `time` < end of a parquet file, or of all that are below a folder."""
    filesystem, path, files = parquet_files(uri)
    parts = [
        read_part(filesystem, file, f"{uri}{file.removeprefix(path)}", time, start, end) for file in files
    ]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise command_line.SettingsError(f"{uri}: expected files of one schema, found: {error}") from None


def read_part(
    filesystem: fs.FileSystem, file: str, uri: str, time: str, start: datetime, end: datetime
) -> pa.Table:
    """The rows of one file; where its time column says that there are none, nothing else of it is read."""
    with storage.clear_errors(uri), pq.ParquetFile(file, filesystem=filesystem, pre_buffer=True) as part:
        check_time(part.schema_arrow, time, uri)
        inside = is_inside(part.read([time])[time], start, end)
        return part.read().filter(inside) if pc.any(inside).as_py() else part.read_row_groups([])


def is_inside(times: pa.ChunkedArray[Any], start: datetime, end: datetime) -> Mask:
    """Whether each time is in [start, end); null where there is none."""
    since, until = moment(start, times.type), moment(end, times.type)
    return pc.and_(pc.greater_equal(times, since), pc.less(times, until))


def moment(time: datetime, kind: pa.DataType) -> pa.Scalar[Any]:
    """As pa.scalar and pyarrow.dataset would, but they import pandas where it is installed: a second."""
    return _seconds(calendar.timegm(time.timetuple()), pa.timestamp("s")).cast(kind)


def duration(days: int, unit: Literal["s", "ms", "us", "ns"]) -> pa.Scalar[Any]:
    return _seconds(days * 86_400, pa.duration("s")).cast(pa.duration(unit))


def _seconds(number: int, kind: pa.DataType) -> pa.Scalar[Any]:
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(struct.pack("q", number))])[0]


def parquet_files(uri: str) -> tuple[fs.FileSystem, str, list[str]]:
    """A file system, the path of `uri` in it, and the parquet files there, of which there must be one."""
    with storage.clear_errors(uri):
        filesystem, path = storage.filesystem(uri)
        if filesystem.get_file_info(path).type == fs.FileType.File:
            return filesystem, path, [path]
        below = filesystem.get_file_info(fs.FileSelector(path, recursive=True))
        files = sorted(info.path for info in below if info.extension == "parquet")
        if not files:
            raise storage.NotFound(f"{uri}: there is no parquet file here; check the URI")
    return filesystem, path, files


def check_time(schema: pa.Schema, time: str, uri: str) -> None:
    if time not in schema.names:
        hint = command_line.nearest(time, schema.names)
        raise command_line.SettingsError(
            f"{uri}: expected a time column {time!r}, found {', '.join(schema.names)}{hint}"
        )
    kind = schema.field(time).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise command_line.SettingsError(f"{uri}: expected timestamps in column {time!r}, found {kind}")


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
    rows = rows.set_column(rows.schema.get_field_index(time), time, rows[time].cast(plain))
    return rows.replace_schema_metadata()  # where pandas noted the zone, to put it back


def joint_sha256(loaded: dict[str, LoadedTable]) -> str:
    """One hash for all tables: of their names and hashes, not of where they came from."""
    hashes = {name: table["sha256"] for name, table in loaded.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
