"""JSON is checked against its type if no library can check it against its schema."""

from typing import Any, Literal, NotRequired, TypedDict

import pytest

from engine.command_line.typed_json import checked


class Part(TypedDict):
    rows: int
    share: NotRequired[float | None]


class Whole(TypedDict):
    kind: Literal["a", "b"]
    part: Part | None
    parts: list[Part]
    counts: dict[str, int]


WHOLE = {"kind": "a", "part": {"rows": 1}, "parts": [{"rows": 2, "share": 1}], "counts": {"x": 1}}


def test_checked_accepts_other_keys_and_integers_as_numbers() -> None:
    document = WHOLE | {"added": "later"}
    assert checked(Whole, document) is document
    assert checked(Whole, WHOLE | {"part": None})["part"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "c"}, "kind: expected 'a' or 'b', found 'c'"),
        ({"part": {"row": 1}}, "part: expected rows, found none"),
        ({"part": {"rows": True}}, "part.rows: expected an integer, found True"),
        ({"part": 3}, "part: expected an object, found 3"),
        ({"parts": [{"rows": 1}, {"rows": "2"}]}, "parts[1].rows: expected an integer, found '2'"),
        ({"parts": {}}, "parts: expected an array, found an object"),
        ({"counts": {"x": 1.5}}, "counts.x: expected an integer, found 1.5"),
        ({"parts": [{"rows": 1, "share": "x"}]}, "parts[0].share: expected a number, found 'x'"),
    ],
)
def test_checked_says_where_a_document_is_something_else(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        checked(Whole, WHOLE | changed)
    assert str(error.value) == message


def test_checked_names_the_keys_that_are_missing() -> None:
    with pytest.raises(ValueError, match=r"^the document: expected counts, part, parts, found none$"):
        checked(Whole, {"kind": "a"})


def test_checked_refuses_what_is_no_object() -> None:
    with pytest.raises(ValueError, match=r"^the document: expected an object, found an array$"):
        checked(Whole, [])
