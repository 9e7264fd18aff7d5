"""Lay out the report's pictures: values to places, in the units that the templates draw in."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

from engine.documents.ledger import Move
from engine.documents.verdict import Comparison, MetricGuardrail
from engine.metrics.metrics import title_of
from engine.wording.text import DrawnRow, drawn_margin, forest, interval, scale, tone_of

WIDTH, HEIGHT, LEFT, BOTTOM, EDGE = 340, 300, 56, 40, 12
CURVES = {
    "calibration": ("Calibration", "mean prediction", "mean label"),
    "roc": ("ROC curve", "false positive rate", "true positive rate"),
    "precision_recall": ("Precision and recall", "recall", "precision"),
    "residuals": ("Errors", "share of rows", "prediction minus label"),
}
GUARDRAILS = "guardrails, in margins"
UNIT_SQUARE = {"roc", "precision_recall"}


class PlacedRow(DrawnRow):
    """A row with the places of its interval, in percent of the picture's width."""

    lower_at: float
    difference_at: float
    upper_at: float


class Axis(TypedDict):
    """Rows that share one scale; places are percentages, ticks are places with their labels."""

    title: str
    main: bool
    zero: float
    margin: float
    ticks: list[tuple[float, str]]
    rows: list[PlacedRow]


class ForestPlot(TypedDict):
    comparison: Comparison
    plots: list[Axis]


class CurveLine(TypedDict):
    """A model's curve as the points of a path, and the places of its dots; only calibration has dots."""

    name: str
    path: str
    dots: list[tuple[float, float]]


class Curve(TypedDict):
    """A picture with the curve of each model; ticks are places with their labels."""

    title: str
    x_title: str
    y_title: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    diagonal: bool
    lines: list[CurveLine]


class PlacedMove(Move):
    """A move with its place, in percent of the picture's width and height."""

    x: float
    y: float


class Production(TypedDict):
    """The champions over time."""

    ticks: list[tuple[float, str]]
    moves: list[PlacedMove]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers between `low` and `high`."""
    raw = (high - low) / wanted
    power = 10 ** math.floor(math.log10(raw))
    step = power * next(each for each in (1, 2, 5, 10) if each * power >= raw)
    return [index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def tick_label(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−") if value else "0"


def plain(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def forest_plot(metric: str, comparison: Comparison) -> ForestPlot:
    """Metric and slices on one axis, guardrails in units of their margins; places are percentages."""
    plots = [axis(title_of(metric), forest(metric, comparison), drawn_margin(comparison))]
    guarded = [guardrail for guardrail in comparison["guardrails"] if "margin" in guardrail]
    if all(guardrail["margin"] for guardrail in guarded):
        plots.append(axis(GUARDRAILS, [row for each in guarded for row in in_margins(each)], 1.0))
    return {"comparison": comparison, "plots": [plot for plot in plots if plot["rows"]]}


def in_margins(guardrail: MetricGuardrail) -> Iterator[DrawnRow]:
    """A guardrail's row in units of its margin; none without an interval."""
    lower, upper, margin = guardrail["lower"], guardrail["upper"], guardrail["margin"]
    if lower is not None and upper is not None:
        yield {
            "name": title_of(guardrail["name"]),
            "text": interval(guardrail),
            "tone": tone_of(guardrail["passed"], upper),
            "lower": lower / margin,
            "difference": guardrail["difference"] / margin,
            "upper": upper / margin,
        }


def axis(title: str, rows: list[DrawnRow], margin: float) -> Axis:
    low, high = scale(rows, margin)

    def place(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    return {
        "title": title,
        "main": title != GUARDRAILS,
        "zero": place(0),
        "margin": place(-margin),
        "ticks": [(place(each), tick_label(each)) for each in ticks(low, high)],
        "rows": [
            {
                **row,
                "lower_at": place(row["lower"]),
                "difference_at": place(row["difference"]),
                "upper_at": place(row["upper"]),
            }
            for row in rows
        ],
    }


def curve(name: str, lines: dict[str, list[tuple[float, float]]]) -> Curve:
    """One picture with every model's curve, in a box of WIDTH by HEIGHT."""
    title, x_title, y_title = CURVES[name]
    points = [point for line in lines.values() for point in line]
    x_range = y_range = (0.0, 1.0)
    if name == "calibration":
        x_range = y_range = extent([value for point in points for value in point])
    elif name not in UNIT_SQUARE:
        y_range = extent([y for _, y in points])
    box = Box(x_range, y_range)
    return {
        "title": title,
        "x_title": x_title,
        "y_title": y_title,
        "x_ticks": [(box.x(each), plain(each)) for each in ticks(*x_range)],
        "y_ticks": [(box.y(each), plain(each)) for each in ticks(*y_range)],
        "diagonal": name in ("roc", "calibration"),
        "lines": [
            {
                "name": model,
                "path": " ".join(f"{box.x(x)},{box.y(y)}" for x, y in line),
                "dots": [(box.x(x), box.y(y)) for x, y in line] if name == "calibration" else [],
            }
            for model, line in lines.items()
        ],
    }


class Box:
    """Places in a picture; y grows upwards as on paper."""

    def __init__(self, x_range: tuple[float, float], y_range: tuple[float, float]):
        self.x_range, self.y_range = x_range, y_range

    def x(self, value: float) -> float:
        low, high = self.x_range
        return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - EDGE), 1)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - EDGE), 1)


def extent(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    low = 0.0 if 0 < low < (high - low) else low
    air = (high - low) * 0.05 or 0.5
    return low - (air if low else 0.0), high + air


def production(history: list[Move], metric: str) -> Production | None:
    """The champions over time; places are percentages. None if the ledger does not tell two figures."""
    figures = [(move, move["metrics"].get(metric)) for move in history]
    known = [(move, value) for move, value in figures if value is not None]
    if len(known) < 2:
        return None
    when = [datetime.fromisoformat(move["at"]).timestamp() for move, _ in known]
    values = [value for _, value in known]
    (first, last), (low, high) = (min(when), max(when)), extent(values)
    places = [
        (round(4 + 92 * (at - first) / (last - first or 1), 2), round(100 * (high - value) / (high - low), 2))
        for at, value in zip(when, values, strict=True)
    ]
    return {
        "ticks": [
            (round(100 * (high - each) / (high - low), 2), f"{each:.4g}") for each in ticks(low, high, 3)
        ],
        "moves": [{**move, "x": x, "y": y} for (move, _), (x, y) in zip(known, places, strict=True)],
    }


def heat(psi: float) -> float:
    """Opacity of a drift cell: nothing below what chance does, full if hardly anything is as it was."""
    return round(min(max(psi, 0.0) / 0.5, 1.0), 3)
