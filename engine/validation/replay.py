"""What the days that build_features made again say about features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.tables.replay import Difference
from engine.validation.window import Window, finding

if TYPE_CHECKING:
    from engine.documents.parts import Finding


def later_outcomes(window: Window) -> Iterator[Finding]:
    """Features of a day that are made of outcomes which became known only after it had begun."""
    for each in window.differences:
        if each["cause"] == "later outcomes":
            day, _, _ = each["day"].partition(" ")
            text = f"without the outcomes that became known from {day} on, {where(each)}"
            yield finding("later_outcomes", window.name, each["feature"], text, each["rows"])


def later_arrivals(window: Window) -> Iterator[Finding]:
    """Features of a moment that are made of rows which had not arrived; they count as made without those."""
    for each in window.differences:
        if each["cause"] == "later arrivals":
            text = f"with the rows that arrived after {each['day']}, {where(each)}; they do not count"
            yield finding("later_arrivals", window.name, each["feature"], text, each["rows"])


def other_rows(window: Window) -> Iterator[Finding]:
    """Features of a day that inference, which predicts the day alone, makes otherwise."""
    for each in window.differences:
        if each["cause"] == "other rows":
            text = (
                f"if {each['day']} is predicted alone, with the history that inference loads, {where(each)}"
            )
            yield finding("other_rows", window.name, each["feature"], text, each["rows"])


def where(each: Difference) -> str:
    size = f" by up to {each['largest']:.3g}" if "largest" in each else ""
    return f"{each['feature']} differs in {each['rows']} of its {each['day_rows']} rows{size}"
