"""Numbers and strangers' words as plain text: figures of one look, unicode bars, no commands to a log."""

import math
import re
import unicodedata
from typing import TypedDict

from engine.documents.verdict import Comparison, Slice
from engine.metrics.metrics import title_of

WORKFLOW_COMMAND = re.compile(r"::|##\[")
INVISIBLE = "\u200b"


def signed(value: float | None, decimals: int = 4) -> str:
    """A difference with its sign, so that two of them compare at a look."""
    if value is None or not math.isfinite(value):
        return "unknown"
    shown = decimals if abs(value) < 1 else min(decimals, 2 if abs(value) < 10 else 1)
    return f"{value:+,.{shown}f}".replace("-", "−")


def unsigned(value: float | None) -> str:
    return signed(value).removeprefix("+")


class Interval(TypedDict):
    """A difference with its interval, in the metric's unit; null is an end that does not exist."""

    difference: float
    lower: float | None
    upper: float | None


class DrawnRow(TypedDict):
    """A row of a forest plot: an interval with both ends, its name and how it reads."""

    name: str
    text: str
    passed: bool
    lower: float
    difference: float
    upper: float


def interval(found: Interval) -> str:
    return f"{signed(found['difference'])} [{signed(found['lower'])}, {signed(found['upper'])}]"


def rounded(count: int) -> str:
    """Two digits are all that a forecast is worth."""
    return f"{int(float(f'{count:.2g}')):,}"


def printable(text: object) -> str:
    """One line without control characters, in which a CI's log finds no command."""
    line = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in str(text))
    return WORKFLOW_COMMAND.sub(lambda found: INVISIBLE.join(found[0]), line)


def names(value: object) -> list[str]:
    """The texts of a list; none if `value` is no list."""
    return [str(item) for item in value] if isinstance(value, list) else []


def cluster_noun(cluster: str) -> str:
    return "days" if cluster == "day" else "clusters"


def forest(metric: str, comparison: Comparison) -> list[DrawnRow]:
    """The rows of a forest plot: the metric first, then its slices; they share one scale."""
    named: list[tuple[str, Comparison | Slice]] = [(title_of(metric), comparison)]
    named += [(f"{each['column']} = {each['value']}", each) for each in comparison["slices"]]
    return [
        {
            "name": name,
            "text": interval(each),
            "passed": each["passed"],
            "lower": each["lower"],
            "difference": each["difference"],
            "upper": each["upper"],
        }
        for name, each in named
        if each["lower"] is not None and each["upper"] is not None
    ]


def drawn_margin(comparison: Comparison) -> float:
    """A constant prediction has to be beaten, with no margin."""
    return 0.0 if comparison["verdict"] == "NO_CHAMPION" else comparison["margin"]


def scale(rows: list[DrawnRow], margin: float) -> tuple[float, float]:
    """Lowest and highest value to draw: all intervals, zero and the margin, with some air."""
    low = min([0.0, -margin, *(row["lower"] for row in rows)])
    high = max([0.0, *(row["upper"] for row in rows)])
    air = (high - low) * 0.04 or 1.0
    return low - air, high + air


def bar(row: DrawnRow, low: float, high: float, margin: float, width: int) -> str:
    """An interval as text: `┊` stands at minus the margin, `│` at zero."""

    def at(value: float) -> int:
        return min(width - 1, max(0, round((value - low) / (high - low) * (width - 1))))

    cells = [" "] * width
    left, right = at(row["lower"]), at(row["upper"])
    cells[left : right + 1] = "─" * (right - left + 1)
    cells[left], cells[right] = "├", "┤"
    for value, mark in ((-margin, "┊"), (0.0, "│")):
        position = at(value)
        cells[position] = (
            "┼" if left < position < right else mark if cells[position] == " " else cells[position]
        )
    cells[at(row["difference"])] = "●"
    return "".join(cells)
