"""One schema for the files of a table, even if their writers had different types for the same column."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.command_line import SettingsError

TEXT = (pa.types.is_string, pa.types.is_large_string)


def concatenated(parts: dict[str, pa.Table]) -> pa.Table:
    """The rows of all parts, by URI, with every column of any; null if a part lacks it."""
    kinds: dict[str, pa.DataType] = {}
    origin: dict[str, str] = {}
    for uri, part in parts.items():
        for field in part.schema:
            known = kinds.setdefault(field.name, field.type)
            kind = common(known, field.type)
            if kind is None:
                raise SettingsError(
                    f"{uri}: expected column {field.name!r} of type {known} as in {origin[field.name]}, "
                    f"found {field.type}"
                )
            if not pa.types.is_null(kind):
                origin.setdefault(field.name, uri)
            kinds[field.name] = kind
    return pa.concat_tables([conformed(part, kinds, uri) for uri, part in parts.items()])


def common(known: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both; None without one."""
    if known == other or pa.types.is_null(other):
        return known
    if is_text(known) and is_text(other):
        return pa.large_string()
    if pa.types.is_timestamp(known) and pa.types.is_timestamp(other) and bool(known.tz) == bool(other.tz):
        return pa.timestamp("us", known.tz if known.tz == other.tz else "UTC")
    try:
        schemas = [pa.schema([("", known)]), pa.schema([("", other)])]
        return pa.unify_schemas(schemas, promote_options="permissive").types[0]
    except pa.ArrowTypeError:
        return None


def is_text(kind: pa.DataType) -> bool:
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(is_kind(values) for is_kind in TEXT)


def conformed(part: pa.Table, kinds: dict[str, pa.DataType], uri: str) -> pa.Table:
    columns = [column_of(part, name, kind, uri) for name, kind in kinds.items()]
    return pa.Table.from_arrays(columns, names=[*kinds])


def column_of(part: pa.Table, name: str, kind: pa.DataType, uri: str) -> pa.ChunkedArray[Any]:
    known = part.schema.field(name).type if name in part.column_names else pa.null()
    if known == kind:
        return part[name]
    if pa.types.is_null(known):
        return pa.chunked_array([pa.nulls(part.num_rows).cast(kind)])
    try:
        return part[name].cast(options=pc.CastOptions(kind, allow_time_truncate=True))
    except pa.ArrowException as error:
        raise SettingsError(f"{uri}: expected column {name!r} to fit {kind}, found: {error}") from None
