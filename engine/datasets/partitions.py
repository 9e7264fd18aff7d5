"""Hive partitions: the columns that key=value folders hold, and the span of time that they name."""

from __future__ import annotations

import re
import struct
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

Span = tuple[datetime, datetime]
Keys = dict[str, str | None]
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[ T].*)?)?")
PLAIN_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")


def keys_of(path: str) -> Keys:
    """The columns of the folders that a file lies in; None if Hive writes that there is no value."""
    pairs = [folder.partition("=") for folder in path.split("/")[:-1] if "=" in folder]
    return {unquote(name): None if value == NO_VALUE else unquote(value) for name, _, value in pairs}


def kinds_of(files: list[Keys]) -> dict[str, pa.DataType]:
    """Whole numbers if each file has one, as Spark and pyarrow read them; text otherwise."""
    kinds: dict[str, pa.DataType] = {}
    for keys in files:
        for name, value in keys.items():
            is_number = value is None or WHOLE_NUMBER.fullmatch(value)
            kinds[name] = kinds.get(name, pa.int64()) if is_number else pa.string()
    return kinds


def span_of(keys: Keys) -> Span | None:
    """The day, month or year that the folders are named for, such as date=2013-01-31 or year=2013/month=1."""
    texts = {name.lower(): value or "" for name, value in keys.items()}
    for name, text in texts.items():
        pattern = PLAIN_DATE if name in ("date", "day", "ds", "dt") and len(text) == 8 else DATE
        if match := pattern.fullmatch(text):
            return span(*match.groups())
    if "year" not in texts:
        return None
    month = texts.get("month")
    return span(texts["year"], month, texts.get("day") if month else None)


def span(year: str, month: str | None, day: str | None) -> Span | None:
    try:
        start = datetime(int(year), int(month or 1), int(day or 1))
        if day:
            return start, start + timedelta(1)
        if month:
            return start, (start + timedelta(31)).replace(day=1)
        return start, start.replace(year=start.year + 1)
    except (ValueError, OverflowError):
        return None


def constant(value: str | None, kind: pa.DataType, rows: int) -> pa.Array[Any]:
    """A column of one value; pa.repeat and pa.array would import pandas if it is installed."""
    if value is None:
        return pa.nulls(rows).cast(kind)
    text = value.encode()
    buffers = [None, pa.py_buffer(struct.pack("ii", 0, len(text))), pa.py_buffer(text)]
    first = pa.Array.from_buffers(pa.int8(), rows, [None, pa.py_buffer(bytes(rows))])
    return pa.Array.from_buffers(pa.string(), 1, buffers).cast(kind).take(first)
