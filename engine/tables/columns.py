"""Columns of Arrow tables as NumPy arrays, by ways that never import pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.tables import decoded


def floats(column: pa.ChunkedArray[Any]) -> NDArray[np.float64]:
    """The column's numbers, NaN for null."""
    return _numbers(column, pa.float64(), np.nan)


def whole_numbers(column: pa.ChunkedArray[Any], missing: int = -1) -> NDArray[np.int64]:
    return _numbers(column, pa.int64(), missing)


def _numbers(column: pa.ChunkedArray[Any], kind: pa.DataType, missing: float) -> NDArray[Any]:
    # By DLPack, and with no scalar unless needed: pyarrow's own ways import pandas wherever it is installed.
    filled = column.cast(kind)
    if column.null_count:
        filled = pc.fill_null(filled, missing)  # type: ignore[arg-type] # its stubs lack plain numbers
    return np.from_dlpack(filled.combine_chunks())


def times(column: pa.ChunkedArray[Any]) -> NDArray[np.datetime64]:
    microseconds = pc.CastOptions(pa.timestamp("us"), allow_time_truncate=True)
    return whole_numbers(column.cast(options=microseconds)).view("datetime64[us]")


def is_number(column: pa.ChunkedArray[Any]) -> bool:
    return any(kind(column.type) for kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean))


def encode(values: pa.ChunkedArray[Any]) -> tuple[list[str], NDArray[np.intp]]:
    """The names of the distinct values, sorted after the missing one, and which of them each row has."""
    encoded = decoded(values).combine_chunks().dictionary_encode(null_encoding="encode")
    distinct = encoded.dictionary.to_pylist()
    order = sorted(range(len(distinct)), key=lambda index: (distinct[index] is not None, distinct[index]))
    names = [{None: "(missing)", "": "(empty)"}.get(distinct[index], str(distinct[index])) for index in order]
    return names, np.argsort(order).astype(np.intp)[whole_numbers(pa.chunked_array([encoded.indices]))]
