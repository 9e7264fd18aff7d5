"""Numbers and strangers' words as plain text: figures of one look, unicode bars, no commands to a log."""

import math
import re
import unicodedata
from typing import Literal, TypedDict

from engine.documents.parts import UsedRows, Window
from engine.documents.verdict import Comparison, Difference, FeatureImportance, Slice
from engine.metrics.metrics import title_of

WORKFLOW_COMMAND = re.compile(r"::|##\[")
INVISIBLE = "\u200b"
Tone = Literal["good", "open", "bad"]
MARKS: dict[Tone, str] = {"good": "✓", "open": "↓", "bad": "✗"}
OPEN = "↓ worse, but not enough to fail"


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
    tone: Tone
    lower: float
    difference: float
    upper: float


def tone_of(passed: bool, upper: float | None) -> Tone:
    """How a difference with this upper end looks; `open` if it passes wholly below zero."""
    if not passed:
        return "bad"
    return "open" if upper is not None and upper < 0 else "good"


def signs(metric: str, comparison: Comparison) -> str:
    """What a sign means, with the metrics whose values are better the lower they are."""
    named: list[tuple[str, Difference]] = [(metric, comparison)]
    named += [(each["name"], each) for each in comparison["guardrails"] if "margin" in each]
    turned = [title_of(name) for name, each in named if is_turned(each)]
    if not turned:
        return "+ is better"
    return f"+ is better; for {', '.join(turned)}, where lower is better, + is a lower value"


def is_turned(figures: Difference) -> bool:
    """Whether the difference has the opposite sign of candidate minus reference."""
    return figures["difference"] * (figures["candidate_value"] - figures["reference_value"]) < 0


def interval(figure: Interval) -> str:
    return f"{signed(figure['difference'])} [{signed(figure['lower'])}, {signed(figure['upper'])}]"


def rise(measured: FeatureImportance) -> str:
    """A rise of the error with its interval; such numbers are small."""
    ends = (signed(measured[end], 5) for end in ("lower", "upper"))
    return f"{signed(measured['rise'], 5)} [{', '.join(ends)}]"


def rounded(count: int) -> str:
    """Two digits are all that a forecast is worth."""
    return f"{int(float(f'{count:.2g}')):,}"


def printable(text: object) -> str:
    """One line without control characters, in which a CI's log finds no command."""
    line = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in str(text))
    return WORKFLOW_COMMAND.sub(lambda match: INVISIBLE.join(match[0]), line)


def names(value: object) -> list[str]:
    """The texts of a list; none if `value` is no list."""
    return [str(item) for item in value] if isinstance(value, list) else []


def model_title(name: str) -> str:
    """What a model of a verdict is called: `dummy` predicts one value for every row."""
    return "constant" if name == "dummy" else name


def cluster_noun(cluster: str) -> str:
    return "days" if cluster == "day" else "clusters"


def window(span: Window | UsedRows | None) -> str:
    """The first and the last moment of a window, as days."""
    return f"{(span['start'] or '')[:10]} to {(span['end'] or '')[:10]}" if span else ""


def forest(metric: str, comparison: Comparison) -> list[DrawnRow]:
    """The rows of a forest plot: the metric first, then its slices; they share one scale."""
    named: list[tuple[str, Comparison | Slice, bool]] = [
        (title_of(metric), comparison, metric_passes(comparison)),
        *((f"{each['column']} = {each['value']}", each, each["passed"]) for each in comparison["slices"]),
    ]
    return [
        {
            "name": name,
            "text": interval(each),
            "tone": tone_of(passed, each["upper"]),
            "lower": each["lower"],
            "difference": each["difference"],
            "upper": each["upper"],
        }
        for name, each, passed in named
        if each["lower"] is not None and each["upper"] is not None
    ]


def metric_passes(comparison: Comparison) -> bool:
    """Whether the metric itself is good enough, whatever its slices and guardrails say."""
    if comparison["passed"] or all(
        each["passed"] for each in (*comparison["slices"], *comparison["guardrails"])
    ):
        return comparison["passed"]
    if comparison["verdict"] == "NO_CHAMPION":
        return comparison["floor"]["passed"] and (comparison["lower"] or 0) > 0
    return comparison["verdict"] == "BETTER" or (
        comparison["verdict"] == "NON_INFERIOR" and comparison["mode"] == "not-worse"
    )


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
    for value, mark in ((-margin, "┊"), (0.0, "│")) if margin else ((0.0, "│"),):
        position = at(value)
        cells[position] = (
            "┼" if left < position < right else mark if cells[position] == " " else cells[position]
        )
    cells[at(row["difference"])] = "●"
    return "".join(cells)
