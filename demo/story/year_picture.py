"""Lay out the pictures of the champions' year; places are percentages, so that they fit any width."""

import math
from datetime import date, timedelta
from typing import Protocol, TypedDict

from demo.story.story_document import Figure, Series, StepOutcome, Stretch, YearPerformance
from engine.reporting import pictures
from engine.wording import text

LEFT, RIGHT = 4, 99  # percent of the picture's width


class PlaceOfDay(Protocol):
    """The place of a day, or of `days_later`."""

    def __call__(self, day: str, days_later: float = 0.0) -> float: ...


class Mark(TypedDict):
    """A step at its day; `level` counts the steps of the day before it."""

    number: int
    day: str
    title: str
    tone: text.Tone
    moved: bool
    x: float
    level: int


class Box(TypedDict):
    """The interval of a period; `sure` if it is above zero."""

    name: Series
    title: str
    sure: bool
    left: float
    right: float
    lower: float
    value: float
    upper: float


class Dot(TypedDict):
    """The value of a week."""

    name: Series
    title: str
    x: float
    y: float


class Plot(TypedDict):
    """Ticks are places with their labels; `zero` is null if the plot does not draw it."""

    ticks: list[tuple[float, str]]
    zero: float | None
    boxes: list[Box]
    dots: list[Dot]


class YearPicture(TypedDict):
    """Nothing apart if the first model was champion all year."""

    months: list[tuple[float, str]]
    marks: list[Mark]
    figures: Plot
    apart: Plot | None


def year_picture(performance: YearPerformance, steps: list[StepOutcome]) -> YearPicture:
    periods = performance["periods"]
    first, end = date.fromisoformat(periods[0]["start"]), date.fromisoformat(periods[-1]["end"])

    def x(day: str, days_later: float = 0.0) -> float:
        passed = (date.fromisoformat(day) - first).days + days_later
        return round(LEFT + (RIGHT - LEFT) * passed / (end - first).days, 2)

    months = [date(first.year, month, 1) for month in range(first.month + 1, 13)]
    replaced = any(period["apart"] for period in periods)
    return {
        "months": [(x(str(month)), f"{month:%b}") for month in months if x(str(month)) < RIGHT],
        "marks": marks(steps, x),
        "figures": plot(performance, ("champion", "frozen"), x),
        "apart": plot(performance, ("apart",), x) if replaced else None,
    }


def marks(steps: list[StepOutcome], x: PlaceOfDay) -> list[Mark]:
    """The steps at their days; those of one day stand above each other."""
    placed: list[Mark] = []
    for step in steps:
        placed.append(
            {
                "number": step["number"],
                "day": step["day"],
                "title": step["title"],
                "tone": step["tone"],
                "moved": step["moved"],
                "x": x(step["day"]),
                "level": sum(mark["day"] == step["day"] for mark in placed),
            }
        )
    return placed


def plot(performance: YearPerformance, names: tuple[Series, ...], x: PlaceOfDay) -> Plot:
    """A box for each period's interval and a dot for each week, of every one of `names`."""
    periods, weeks = figures(performance["periods"], names), figures(performance["weeks"], names)
    ends = [end for _, _, figure in periods for end in (figure["lower"], figure["value"], figure["upper"])]
    zero = [0.0] if "apart" in names else []
    scale = Scale([*ends, *zero, *(figure["value"] for _, _, figure in weeks)])
    label = pictures.tick_label if zero else "{:.4g}".format
    return {
        "ticks": [(scale.y(tick), label(tick)) for tick in scale.ticks()],
        "zero": scale.y(0.0) if zero else None,
        "boxes": [
            {
                "name": name,
                "title": tooltip(period, name, figure),
                "sure": figure["lower"] > 0,
                "left": x(period["start"]),
                "right": x(period["end"]),
                "lower": scale.y(figure["lower"]),
                "value": scale.y(figure["value"]),
                "upper": scale.y(figure["upper"]),
            }
            for period, name, figure in periods
        ],
        "dots": [
            {
                "name": name,
                "title": tooltip(week, name, figure),
                "x": x(week["start"], 3.5),
                "y": scale.y(figure["value"]),
            }
            for week, name, figure in weeks
        ],
    }


def figures(stretches: list[Stretch], names: tuple[Series, ...]) -> list[tuple[Stretch, Series, Figure]]:
    """Each figure of `names` that exists, with its stretch and its name."""
    return [(stretch, name, figure) for stretch in stretches for name in names if (figure := stretch[name])]


def tooltip(stretch: Stretch, name: Series, figure: Figure) -> str:
    """The text that a reader sees on a box or a dot."""
    last = date.fromisoformat(stretch["end"]) - timedelta(1)
    return f"{day(stretch['start'])} to {day(str(last))}, {name}: {text.unsigned(figure['value'])}"


def day(iso: str) -> str:
    date_of_day = date.fromisoformat(iso)
    return f"{date_of_day.day} {date_of_day:%B}"


class Scale:
    """Places of values, in percent from the top."""

    def __init__(self, values: list[float]):
        self.low, self.high = pictures.extent([value for value in values if math.isfinite(value)])

    def y(self, value: float) -> float:
        """What reaches beyond the picture, as an infinite interval does, ends at its edge."""
        inside = min(max(value, self.low), self.high)
        return round(100 * (self.high - inside) / (self.high - self.low), 2)

    def ticks(self) -> list[float]:
        return pictures.ticks(self.low, self.high, 4)
