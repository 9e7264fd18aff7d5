"""Columns of any Arrow type become the NumPy arrays that the judge compares."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.tables.columns import encode, times


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", "", None, "a"], ["(missing)", "(empty)", "a", "b"]),
        ([2, None, 0], ["(missing)", "0", "2"]),
        ([True, None, False], ["(missing)", "False", "True"]),
        ([Decimal(2), None, Decimal(0)], ["(missing)", "0", "2"]),
        ([date(2013, 2, 1), None], ["(missing)", "2013-02-01"]),
        ([datetime(9999, 12, 31), None], ["(missing)", "9999-12-31 00:00:00"]),
        ([None], ["(missing)"]),
        ([], []),
    ],
)
def test_values_of_any_type_are_encoded(values: list[Any], names: list[str]) -> None:
    shown = {None: "(missing)", "": "(empty)"}
    for column in (pa.chunked_array([pa.array(values)]), pa.chunked_array([pa.array(values)] * 2)):
        found, codes = encode(column)
        assert found == names
        assert [found[code] for code in codes] == [
            shown.get(value, str(value)) for value in column.to_pylist()
        ]


def test_categories_are_encoded_as_their_values_in_each_chunk() -> None:
    chunks = [pa.array(texts).dictionary_encode() for texts in (["b", None, "a"], ["z", "a"])]
    names, codes = encode(pa.chunked_array(chunks))
    assert (names, codes.tolist()) == (["(missing)", "a", "b", "z"], [2, 0, 1, 3, 1])


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_of_any_unit_are_microseconds(unit: str) -> None:
    column = pa.chunked_array([pa.array([datetime(9999, 12, 31)], pa.timestamp(unit))])
    assert times(column).tolist() == [datetime(9999, 12, 31)]


def test_nanoseconds_are_cut_to_microseconds() -> None:
    column = pa.chunked_array([pa.array([1999], pa.timestamp("ns"))])
    assert times(column) == np.array([1], "datetime64[us]")
