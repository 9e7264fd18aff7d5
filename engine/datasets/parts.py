"""One open file of a table, with the columns of its partition, and times that never wrap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.command_line import SettingsError, nearest
from engine.datasets.csv_rows import read_csv
from engine.datasets.files import DataFile, refuse_misplaced
from engine.datasets.partitions import constant
from engine.stores import storage

VIEWS: dict[pa.DataType, pa.DataType] = {
    pa.string_view(): pa.large_string(),
    pa.binary_view(): pa.large_binary(),
}
"""What Polars may write, and Arrow cannot filter."""


class Stored(NamedTuple):
    """What a file has by itself: `read` gets the numbers of row groups, and columns or None for all."""

    schema: pa.Schema
    group_rows: list[int]
    read: Callable[[list[int], list[str] | None], pa.Table]


class Part:
    """An open file of a table whose rows have their time in the column `time`."""

    def __init__(self, file: DataFile, source: Stored, time: str):
        self._file, self._source, self._time = file, source, time
        stored = source.schema.names
        self._kinds = {name: kind for name, kind in file.kinds.items() if name not in stored}
        if time in self._kinds:
            self._kinds[time] = pa.timestamp("s")
        check_columns(self.schema, time, file.uri)

    @cached_property
    def schema(self) -> pa.Schema:
        fields = [field.with_type(plain_kind(field.type)) for field in self._source.schema]
        return pa.schema([*fields, *(pa.field(name, kind) for name, kind in self._kinds.items())])

    @cached_property
    def row_groups(self) -> list[tuple[int, int]]:
        """For each row group the number of its first row, and of the first after it."""
        return [*pairwise(accumulate(self._source.group_rows, initial=0))]

    def times(self, groups: Sequence[int] | None = None) -> pa.ChunkedArray[Any]:
        """The times of all rows, or of some row groups; Misplaced if the partition is of other times."""
        stored = [] if self._time in self._kinds else [self._time]
        times = self._read(groups, stored)[self._time]
        refuse_misplaced(self._file, *first_and_last(times))
        return times

    def read(self, groups: Sequence[int]) -> pa.Table:
        return self._read(groups, None)

    def _read(self, groups: Sequence[int] | None, stored: list[str] | None) -> pa.Table:
        chosen = range(len(self.row_groups)) if groups is None else groups
        rows = self._source.read([*chosen], stored)
        count = sum(end - begin for begin, end in (self.row_groups[index] for index in chosen))
        columns: dict[str, Any] = {name: self._plain(name, rows[name]) for name in rows.column_names}
        for name, kind in self._kinds.items():
            columns[name] = self._constant(name, kind, count)
        return pa.table(columns)

    def _plain(self, name: str, column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
        kind = plain_kind(column.type)
        try:
            return column if kind == column.type else column.cast(kind)
        except pa.ArrowInvalid as error:
            raise SettingsError(
                f"{self._file.uri}: expected whole numbers of 64 bits in column {name!r}, found: {error}"
            ) from None

    def _constant(self, name: str, kind: pa.DataType, rows: int) -> pa.ChunkedArray[Any]:
        value = self._file.keys.get(name)
        try:
            return pa.chunked_array([constant(value, kind, rows)])
        except pa.ArrowInvalid:
            raise SettingsError(
                f"{self._file.uri}: expected a date or time as partition {name!r}, found {value!r}"
            ) from None


@contextmanager
def opened(file: DataFile, time: str) -> Iterator[Part]:
    with storage.clear_errors(file.uri), stored_csv(file) if file.types else stored_parquet(file) as source:
        yield Part(file, source, time)


@contextmanager
def stored_parquet(file: DataFile) -> Iterator[Stored]:
    """INT96 is read in microseconds: in nanoseconds, the default, years after 2262 become others."""
    with pq.ParquetFile(
        file.path, filesystem=file.filesystem, pre_buffer=True, coerce_int96_timestamp_unit="us"
    ) as parquet:
        groups = [parquet.metadata.row_group(index).num_rows for index in range(parquet.num_row_groups)]
        yield Stored(
            parquet.schema_arrow, groups, lambda groups, columns: parquet.read_row_groups(groups, columns)
        )


@contextmanager
def stored_csv(file: DataFile) -> Iterator[Stored]:
    """The whole file, as one row group."""
    rows = read_csv(file.filesystem, file.path, file.uri, file.types)

    def read(groups: list[int], columns: list[str] | None) -> pa.Table:
        chosen = rows if columns is None else rows.select(columns)
        return chosen if groups else chosen.slice(0, 0)

    yield Stored(rows.schema, [rows.num_rows], read)


def first_and_last(times: pa.ChunkedArray[Any]) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest time, to the second; None without any."""
    seconds: Any = times.cast(pa.timestamp("s"), safe=False)
    return pc.min(seconds).as_py(), pc.max(seconds).as_py()


def plain_kind(kind: pa.DataType) -> pa.DataType:
    """Decimals with no fraction, as databases export keys, are whole numbers; views are what they view."""
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return pa.int64()
    return VIEWS.get(kind, kind)


def check_columns(schema: pa.Schema, time: str, uri: str) -> None:
    if repeated := [name for name in {*schema.names} if schema.names.count(name) > 1]:
        raise SettingsError(f"{uri}: expected column {min(repeated)!r} once, found it more often")
    if time not in schema.names:
        hint = nearest(time, schema.names)
        raise SettingsError(f"{uri}: expected a time column {time!r}, found {', '.join(schema.names)}{hint}")
    kind = schema.field(time).type
    if not any(is_kind(kind) for is_kind in (pa.types.is_timestamp, pa.types.is_date, pa.types.is_null)):
        raise SettingsError(f"{uri}: expected timestamps in column {time!r}, found {kind}")
