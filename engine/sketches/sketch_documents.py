"""Sketches as JSON, as they are stored with a model."""

from typing import Literal, TypedDict


class NumbersDocument(TypedDict):
    """Counts by what they grow from point to point, which compresses well."""

    type: Literal["number"]
    points: list[float]
    steps: list[int]
    ties: list[int]
    rows: int
    missing: int


class CategoriesDocument(TypedDict):
    type: Literal["category"]
    names: list[str]
    counts: list[int]
    others: int
    missing: int
