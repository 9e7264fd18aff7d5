"""The files of a table: which names are read, and which never are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from engine.command_line import SettingsError
from engine.datasets.partitions import Span, keys_of, kinds_of, span_of
from engine.stores import storage

T = TypeVar("T")
PARQUET = (".parquet", ".parq", ".pq")
CSV = (".csv", ".csv.gz")
MARGIN = timedelta(1)  # partitions may be days of another time zone
LOGS = {"_delta_log": "a Delta", ".hoodie": "a Hudi", "metadata": "an Iceberg"}
"""The folder that says which of a table's files are current, and whose it is."""


class Misplaced(Exception):  # noqa: N818 - not a failure, all files are read then
    """A file has rows of other times than its partition is named for."""


@dataclass(frozen=True)
class DataFile:
    """A file with the columns of its Hive partition, and the span of time that they name.

    `types` are those that the settings declare of the columns of a CSV file.
    """

    filesystem: fs.FileSystem
    path: str
    uri: str
    types: Mapping[str, str] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=dict)
    kinds: dict[str, pa.DataType] = field(default_factory=dict)
    span: Span | None = None


def table_files(uri: str, types: Mapping[str, str] | None = None) -> list[DataFile]:
    """The file at `uri`, or all below it in order of their paths, of which there must be one.

    They are CSV files if `types` of columns are declared. Names beginning with _ or . are left out, as Spark,
    Hive and macOS mean them to be.
    """
    types = types or {}
    with storage.clear_errors(uri):
        filesystem, root = storage.filesystem(uri)
        if filesystem.get_file_info(root).type == fs.FileType.File:
            return [DataFile(filesystem, root, uri, types)]
        below = filesystem.get_file_info(fs.FileSelector(root, recursive=True))
    names = {info.path.removeprefix(root).lstrip("/"): info for info in below}
    refuse_logs(uri, [*names])
    keys = {name: keys_of(name) for name, info in sorted(names.items()) if is_data(name, info, bool(types))}
    if not keys:
        raise storage.NotFound(f"{uri}: there is no {'CSV' if types else 'parquet'} file here; check the URI")
    kinds = kinds_of([*keys.values()])
    return [
        DataFile(filesystem, names[name].path, uri_of(uri, name), types, columns, kinds, span_of(columns))
        for name, columns in keys.items()
    ]


def files_at(uris: list[str], table_uri: str, types: Mapping[str, str] | None = None) -> list[DataFile]:
    """Files of a table; the types of their partitions' columns are those of all its files."""
    if not any("=" in uri.removeprefix(table_uri) for uri in uris):
        return [table_files(uri, types)[0] for uri in uris]
    known = {file.uri: file for file in table_files(table_uri, types)}
    for uri in uris:
        if uri not in known:
            raise storage.NotFound(f"{uri}: there is nothing here any more; run again")
    return [known[uri] for uri in uris]


def read_files(files: list[DataFile], window: Span | None, read: Callable[[list[DataFile]], T]) -> T:
    """What `read` makes of the files whose partitions can have rows of the window; of all without a window.

    `read` raises Misplaced if a partition has rows of other times; then it gets all files.
    """
    if window:
        chosen = [file for file in files if may_overlap(file.span, window)]
        try:
            return read(chosen or files[-1:])
        except Misplaced as error:
            print(f"{error}; all {len(files)} files are read")
    return read([replace(file, span=None) for file in files])


def refuse_misplaced(file: DataFile, first: datetime | None, last: datetime | None) -> None:
    """Raise Misplaced if the times from `first` to `last` are not those of the file's partition."""
    if file.span and first and last:
        start, end = file.span
        if first < start - MARGIN or last >= end + MARGIN:
            raise Misplaced(f"{file.uri}: has rows from {first} to {last}")


def may_overlap(span: Span | None, window: Span) -> bool:
    return span is None or (span[0] - MARGIN < window[1] and window[0] < span[1] + MARGIN)


def is_data(name: str, info: fs.FileInfo, is_csv: bool) -> bool:
    """Whether this is a file of rows: by its extension; parquet needs none, as Hive and Athena write it."""
    if info.type != fs.FileType.File or any(part.startswith(("_", ".")) for part in name.split("/")):
        return False
    if is_csv:
        return name.lower().endswith(CSV)
    return name.lower().endswith(PARQUET) or ("." not in info.base_name and info.size > 0)


def refuse_logs(uri: str, names: list[str]) -> None:
    """Refuse tables whose folders also hold rows that were deleted or replaced."""
    for name in names:
        folder, _, file = name.partition("/")
        if folder in LOGS and (folder != "metadata" or file.endswith(".metadata.json")):
            raise SettingsError(
                f"{uri}: expected parquet files, found {LOGS[folder]} table ({name}), whose files also have "
                "rows that were deleted or replaced; write its current rows to a folder of parquet files"
            )


def uri_of(table_uri: str, path: str) -> str:
    """The URI of a file below the folder of a table; those of local files are quoted."""
    name = quote(path, safe="/=") if table_uri.startswith("file:") else path
    return f"{table_uri.rstrip('/')}/{name}"
