"""Draw the story as one page that needs nothing else: the champion's year, and each step with its verdict."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine import text
from engine.reporting import pictures
from engine.reporting import verdict_report as report

TEMPLATES = Path(__file__).parent / "templates"
SHARED = Path(report.__file__).parent / "templates"
LEFT, RIGHT = 4, 99  # percent of the picture's width
Document = dict[str, Any]


def render(document: Document) -> str:
    templates = Environment(
        loader=FileSystemLoader([TEMPLATES, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"signed": text.signed, "unsigned": text.unsigned, "day": day}
    performance = document["performance"]
    return templates.get_template("index.html").render(
        steps=[step | {"lines": change_lines(step["change"])} for step in document["steps"]],
        clock=clock(document["seconds"]),
        performance=performance,
        picture=drawn(performance, document["steps"]) if performance else None,
    )


def day(text: str) -> str:
    when = date.fromisoformat(text)
    return f"{when.day} {when:%B}"


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def change_lines(change: str) -> list[tuple[str, str]]:
    """Kind and text of each line of a patch that a reader wants to see."""
    kinds = {"+++": "file", "---": "", "dif": "", "@@ ": "gap"}
    lines = []
    for line in change.splitlines():
        kind = kinds.get(line[:3], {"+": "added", "-": "removed"}.get(line[:1], "same"))
        if kind:
            lines.append((kind, line[6:] if kind == "file" else "⋯" if kind == "gap" else line))
    return lines


def drawn(performance: Document, steps: list[Document]) -> Document:
    """Where everything stands in the pictures; places are percentages, so that they fit any width."""
    weeks, periods = performance["weeks"], performance["periods"]
    first, end = date.fromisoformat(periods[0]["start"]), date.fromisoformat(periods[-1]["end"])

    def x(when: str, later: float = 0.0) -> float:
        passed = (date.fromisoformat(when) - first).days + later
        return round(LEFT + (RIGHT - LEFT) * passed / (end - first).days, 2)

    months = [date(first.year, month, 1) for month in range(first.month + 1, 13)]
    apart = [each for each in periods if each["apart"]]
    return {
        "months": [(x(str(each)), f"{each:%b}") for each in months if x(str(each)) < RIGHT],
        "marks": marks([step | {"x": x(step["day"])} for step in steps]),
        "figures": plot(performance, ("champion", "frozen"), x),
        "apart": plot({"periods": apart, "weeks": weeks}, ("apart",), x) if apart else None,
    }


def plot(figures: Document, names: tuple[str, ...], x: Callable[..., float]) -> Document:
    """A box for each period's interval and a dot for each week, of every one of `names`."""
    kept = {
        kind: [(each, name) for each in figures[kind] for name in names if each[name]]
        for kind in ("periods", "weeks")
    }
    edges = [each[name][end] for each, name in kept["periods"] for end in ("lower", "value", "upper")]
    zero = [0.0] if names == ("apart",) else []
    scale = Scale([*edges, *zero, *(each[name]["value"] for each, name in kept["weeks"])])
    label = pictures.tick_label if zero else "{:.4g}".format
    return {
        "ticks": [(scale.y(each), label(each)) for each in scale.ticks()],
        "zero": scale.y(0.0) if zero else None,
        "boxes": [
            {"name": name, "title": tooltip(each, name), "sure": each[name]["lower"] > 0}
            | {"left": x(each["start"]), "right": x(each["end"])}
            | {end: scale.y(value) for end, value in each[name].items()}
            for each, name in kept["periods"]
        ],
        "dots": [
            {"name": name, "title": tooltip(each, name), "x": x(each["start"], 3.5)}
            | {"y": scale.y(each[name]["value"])}
            for each, name in kept["weeks"]
        ],
    }


def marks(steps: list[Document]) -> list[Document]:
    """The steps at their days; those of one day stand above each other."""
    level: dict[str, int] = {}
    for step in steps:
        level[step["day"]] = level.get(step["day"], -1) + 1
        step["level"] = level[step["day"]]
    return steps


def tooltip(part: Document, name: str) -> str:
    """The text that a reader sees on a box or a dot."""
    last = date.fromisoformat(part["end"]) - timedelta(1)
    return f"{day(part['start'])} to {day(str(last))}, {name}: {text.unsigned(part[name]['value'])}"


class Scale:
    """Places of values, in percent from the top."""

    def __init__(self, values: list[float]):
        self.low, self.high = pictures.extent([value for value in values if math.isfinite(value)])

    def y(self, value: float) -> float:
        """What reaches beyond the picture, as an endless interval does, ends at its edge."""
        inside = min(max(value, self.low), self.high)
        return round(100 * (self.high - inside) / (self.high - self.low), 2)

    def ticks(self) -> list[float]:
        return pictures.ticks(self.low, self.high, 4)
