"""Lay out the picture of the champion's and the shadow's figures in each window."""

from typing import TypedDict

from engine.documents.monitor_decision import Decision, MonitoredWindow, WindowFigure
from engine.reporting import pictures

INSET = 8  # percent of the picture's width that are left of the first window and right of the last


class PlacedFigure(TypedDict):
    """Places of a figure and of its interval's ends; null is an end that does not exist."""

    lower: float | None
    value: float
    upper: float | None


class PlacedWindow(TypedDict):
    x: float
    label: str
    champion: PlacedFigure | None
    shadow: float | None


class Performance(TypedDict):
    """Places are percentages; ticks are places with their labels."""

    ticks: list[tuple[float, str]]
    baseline: float | None
    windows: list[PlacedWindow]


class Scale:
    """Places of values, in percent from the top, between the highest and the lowest of them."""

    def __init__(self, values: list[float]):
        self.low, self.high = pictures.extent(values)

    def place(self, value: float) -> float:
        return round(100 * (self.high - value) / (self.high - self.low), 2)

    def known(self, value: float | None) -> float | None:
        return None if value is None else self.place(value)

    def figure(self, figure: WindowFigure) -> PlacedFigure:
        return {
            "lower": self.known(figure["lower"]),
            "value": self.place(figure["value"]),
            "upper": self.known(figure["upper"]),
        }


def performance(decision: Decision) -> Performance | None:
    """The figures of champion and shadow in each window; None without a figure."""
    windows, baseline = decision["windows"], decision["champion"]["baseline"]
    figures = [window["champion"] for window in windows if window["champion"]]
    if not figures:
        return None
    ends = [end for figure in figures for end in (figure["lower"], figure["value"], figure["upper"])]
    values = [value for value in (*ends, *map(shadow_value, windows)) if value is not None]
    scale = Scale(values + ([baseline["value"]] if baseline else []))
    step = (100 - 2 * INSET) / max(len(windows) - 1, 1)
    return {
        "ticks": [(scale.place(each), f"{each:.4g}") for each in pictures.ticks(scale.low, scale.high, 4)],
        "baseline": scale.place(baseline["value"]) if baseline else None,
        "windows": [
            {
                "x": round(INSET + index * step, 2) if len(windows) > 1 else 50,
                "label": window["start"][5:10],
                "champion": scale.figure(window["champion"]) if window["champion"] else None,
                "shadow": scale.known(shadow_value(window)),
            }
            for index, window in enumerate(windows)
        ],
    }


def shadow_value(window: MonitoredWindow) -> float | None:
    return window["shadow"].get("value") if window["shadow"] else None
