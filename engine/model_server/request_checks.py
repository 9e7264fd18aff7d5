"""What a served request must be: columns of one length, each as a batch's rows must have it."""

import math
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from engine.command_line.component_settings import Column

MOST_ROWS = 20_000
SHOWN = 30
"""Characters of a value that an answer repeats, and names of columns that it lists."""
NUMBERS: dict[str, tuple[float, float]] = {
    "BOOL": (0, 1),
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    "FP16": (-65504.0, 65504.0),
    "FP32": (-3.4028234663852886e38, 3.4028234663852886e38),
    "FP64": (-sys.float_info.max, sys.float_info.max),
}
"""The datatypes of numbers in the V2 protocol, with the least and the greatest that each can hold."""
TEXT = "BYTES"


class Tensor(Protocol):
    """An input as MLServer reads it."""

    name: str
    shape: list[int]
    datatype: Any
    data: Any


def check(
    inputs: Sequence[Tensor],
    requested: Iterable[str],
    columns: Mapping[str, Column],
    outputs: Collection[str],
) -> None:
    """ValueError with what is wrong of a request for the outputs `requested`, from a model with `outputs`."""
    problems = [*_outputs(Counter(requested), outputs), *_inputs(inputs, columns)]
    if problems:
        raise ValueError("; ".join(problems[:5]))


def _outputs(requested: Counter[str], outputs: Collection[str]) -> Iterator[str]:
    for name, times in requested.items():
        if name not in outputs:
            yield f"outputs: expected {' or '.join(outputs)}, found {name[:SHOWN]}"
        elif times > 1:
            yield f"outputs: expected {name} once, found it {times} times"


def _inputs(inputs: Sequence[Tensor], columns: Mapping[str, Column]) -> Iterator[str]:
    names = Counter(tensor.name for tensor in inputs)
    for name in columns:
        if names[name] != 1:
            yield f"{name}: expected one column of the name, found {names[name] or 'none'}"
    rows = len(_values(inputs[0])) if inputs else 0
    if not 1 <= rows <= MOST_ROWS:
        yield f"expected 1 to {MOST_ROWS:,} rows, found {rows:,}"
        return
    for tensor in inputs:
        values = _values(tensor)
        if len(values) != rows or tensor.shape not in ([rows], [rows, 1]):
            yield (
                f"{tensor.name[:SHOWN]}: expected {rows} values of the shape [{rows}, 1],"
                f" found {len(values)} of {str(tensor.shape)[:SHOWN]}"
            )
        elif column := columns.get(tensor.name):
            yield from _column(tensor, values, column)


def _values(tensor: Tensor) -> Sequence[Any]:
    values = tensor.data.root
    return values if isinstance(values, Sequence) and not isinstance(values, str | bytes) else ()


def _column(tensor: Tensor, values: Sequence[Any], column: Column) -> Iterator[str]:
    """The first value that is wrong, or the datatype."""
    kind, name = column["type"], tensor.name
    datatype = str(getattr(tensor.datatype, "value", tensor.datatype))
    if (datatype == TEXT) != (kind == "category"):
        expected = TEXT if kind == "category" else "FP64 or another of numbers"
        yield f"{name}: expected the datatype {expected}, found {datatype}"
        return
    expected_of = _text if kind == "category" else _number_check(datatype, column)
    for row, value in enumerate(values):
        expected = _presence(datatype, column) if _is_missing(value) else expected_of(value)
        if expected:
            actual = "none" if _is_missing(value) else repr(value)[:SHOWN]
            yield f"{name}: expected {expected}, found {actual} in row {row}"
            return


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _presence(datatype: str, column: Column) -> str:
    """What is expected in place of a missing value, or ""."""
    if column.get("required"):
        return f"a {column['type']}"
    return "" if datatype == TEXT or datatype.startswith("FP") else f"a value, because {datatype} has no null"


def _text(value: Any) -> str:
    return "" if isinstance(value, str | bytes) else "a text"


def _number_check(datatype: str, column: Column) -> Callable[[Any], str]:
    """What is expected in place of a value, or "", as a function of it."""
    least, most = NUMBERS[datatype]
    low, high = column.get("min", -math.inf), column.get("max", math.inf)

    def expected_of(value: Any) -> str:
        if not isinstance(value, int | float):
            return "a number"
        if value < low:
            return f"at least {low:g}"
        if value > high:
            return f"at most {high:g}"
        if not least <= value <= most or (not datatype.startswith("FP") and value % 1):
            return f"a number that {datatype} holds"
        return ""

    return expected_of
