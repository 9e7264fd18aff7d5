"""CSV files, whose columns are of the types that the settings declare: nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
from pyarrow import fs

from engine.command_line import SettingsError

TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


def read_csv(filesystem: fs.FileSystem, path: str, uri: str, types: Mapping[str, str]) -> pa.Table:
    """The declared columns of a file in UTF-8 with a header; an empty value is missing."""
    as_text = csv.ConvertOptions(
        column_types=dict.fromkeys(types, pa.string()),
        include_columns=[*types],
        null_values=[""],
        strings_can_be_null=True,
    )
    with filesystem.open_input_stream(path) as stream:
        file: Any = stream  # its stubs have no file of pyarrow's own
        try:
            rows = csv.read_csv(
                file, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=as_text
            )
        except pa.ArrowKeyError as error:
            raise SettingsError(f"{uri}: expected the columns {', '.join(types)}, found: {error}") from None
    return pa.table({name: typed(rows[name], name, kind, uri) for name, kind in types.items()})


def typed(texts: pa.ChunkedArray[Any], name: str, kind: str, uri: str) -> Any:
    try:
        return as_utc(texts) if kind == "timestamp" else texts.cast(TYPES[kind])
    except pa.ArrowInvalid as error:
        raise SettingsError(f"{uri}: expected {kind} in each {name!r}, found: {error}") from None


def as_utc(texts: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """Times in UTC with no zone, of texts that all have an offset or all have none."""
    try:
        return texts.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
