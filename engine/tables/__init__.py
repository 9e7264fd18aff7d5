"""Parquet files between components: read with a clear line when broken, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.command_line import SettingsError, WorldError
from engine.command_line.typed_json import checked
from engine.tables.snapshots import Snapshot

STREAM_BYTES = 1 << 20


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    with _readable(path), pq.ParquetFile(path) as file:  # pq.read_table imports pandas if it is installed
        table = file.read(columns)
    _expect(columns or [], table.column_names, path)
    return table


@contextmanager
def read_batches(
    path: Path, columns: list[str], rows: int
) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """The schema of a table, and its `columns` in batches of `rows`; one of them is in memory at a time."""
    with _readable(path):
        # With pre_buffer, the default, pyarrow keeps all that it has read until the file is closed.
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=STREAM_BYTES)

    def batches() -> Iterator[pa.RecordBatch]:
        with _readable(path):
            yield from file.iter_batches(rows, columns=columns)

    with file:
        _expect(columns, file.schema_arrow.names, path)
        yield file.schema_arrow, batches()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise WorldError(f"{path}: there is no such table") from None
    except (pa.ArrowException, OSError) as error:
        raise WorldError(f"{path}: expected a parquet file, found: {_first_line(error)}") from None


def _expect(columns: list[str], present: list[str], path: Path) -> None:
    if missing := [name for name in columns if name not in present]:
        raise SettingsError(
            f"{path}: expected a column {', '.join(missing)}, found none; does the code make it?"
        )


def write_table(table: pa.Table, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write `table` with `metadata` added to what its schema already carries."""
    added = {name.encode(): value.encode() for name, value in (metadata or {}).items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **added})
    with written_whole(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def write_json(document: object, path: Path) -> None:
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(document, indent=2) + "\n")


def snapshot(table: pa.Table) -> Snapshot:
    """What load_data wrote down about the rows that `table` was made from."""
    try:
        return checked(Snapshot, json.loads((table.schema.metadata or {}).get(b"snapshot", b"{}")))
    except ValueError as error:
        raise WorldError(f"expected a table with the snapshot of its rows, found {error}") from None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write a file or a folder at; it becomes `path` once all went well."""
    unfinished = path.with_name(f".{path.name}.tmp")
    _remove(unfinished)
    try:
        yield unfinished
        if path.is_dir():  # a file is replaced at once, a folder cannot be
            _remove(path)
        unfinished.rename(path)
    except OSError as error:
        raise WorldError(f"{path}: cannot be written: {_first_line(error)}") from None
    finally:
        _remove(unfinished)


def decoded(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """The values themselves of a column that holds them as a dictionary, as pandas writes categories."""
    kind: Any = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
