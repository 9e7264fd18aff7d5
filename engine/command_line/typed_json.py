"""Check JSON against the type that describes it: required keys and plain JSON types, with no library."""

import types
from collections.abc import Iterator
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

Kind = TypeVar("Kind")
NAMES = {dict: "an object", list: "an array", str: "a string", float: "a number", int: "an integer"}
NAMES |= {bool: "true or false", type(None): "null"}
SHOWN = 60
"""Characters of a value that an error shows."""


def checked(kind: type[Kind], value: object) -> Kind:
    """`value` as a `kind`; ValueError names the part that is something else. Other keys are accepted."""
    for mismatch in mismatches(kind, value, ""):
        raise ValueError(mismatch)
    return value  # type: ignore[return-value] # mypy follows no check of a type at run time


def mismatches(kind: Any, value: object, where: str) -> Iterator[str]:
    """`where.key: expected ..., found ...` for each part of `value` that is not what `kind` says."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        yield from _of_object(kind, value, where)
    elif origin in (Union, types.UnionType):
        yield from _of_union(arguments, value, where)
    elif origin is Literal:
        if value not in arguments:
            yield _expected(" or ".join(map(repr, arguments)), value, where)
    elif origin is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from mismatches(arguments[0], item, f"{where}[{index}]")
    elif origin is dict and isinstance(value, dict):
        for name, item in value.items():
            yield from mismatches(arguments[1], item, f"{where}.{name}")
    elif not _is_plain(origin or kind, value):
        yield _expected(NAMES[origin or kind], value, where)


def _of_object(kind: Any, value: object, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _expected(NAMES[dict], value, where)
        return
    if missing := sorted(kind.__required_keys__ - value.keys()):
        yield f"{where or 'the document'}: expected {', '.join(missing)}, found none".lstrip(".")
    for name, expected in get_type_hints(kind).items():
        if name in value:
            yield from mismatches(expected, value[name], f"{where}.{name}")


def _of_union(kinds: tuple[Any, ...], value: object, where: str) -> Iterator[str]:
    """What is wrong with `value` as the alternative that it comes closest to, unless it is one of them."""
    alternatives = [list(mismatches(kind, value, where)) for kind in kinds]
    if all(alternatives):
        yield max(alternatives, key=lambda alternative: alternative[0].count("."))[0]


def _is_plain(kind: Any, value: object) -> bool:
    if kind in (Any, object):
        return True
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def _expected(wanted: str, value: object, where: str) -> str:
    shown = repr(value)[:SHOWN] if isinstance(value, str | int | float | None) else NAMES[type(value)]
    return f"{where or 'the document'}: expected {wanted}, found {shown}".lstrip(".")
