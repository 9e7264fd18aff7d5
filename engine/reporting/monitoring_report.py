"""Render the decision for people: one HTML page that needs nothing else, and Markdown."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from engine import text
from engine.documents.decision import Decision, MonitoredWindow, WindowFigure
from engine.documents.ledger import Move
from engine.reporting import markdown, pictures
from engine.reporting import monitoring_terminal as terminal
from engine.reporting import verdict_report as report
from engine.reporting.markdown import flattened, shortened
from engine.reporting.terminal import Paint

TEMPLATES = Path(__file__).parent / "templates"
SHARED = Path(report.__file__).parent / "templates"
INSET = 8  # percent of the picture's width that are left of the first window and right of the last


def render(decision: Decision, history: list[Move]) -> dict[str, str]:
    """The report by format."""
    metric = decision["metric"]["name"]
    bars = "\n\n".join("\n".join(lines) for lines in terminal.pictures(decision, Paint(False)))
    seen = {
        "decision": decision,
        "title": decision["provenance"].get("model"),
        "tone": terminal.tone(decision),
        "outcome": terminal.OUTCOMES[decision["decision"]],
        "performance": performance(decision),
        "forests": [
            {"title": each["title"], "plot": {**pictures.axis("", each["rows"], 0.0), "main": False}}
            for each in terminal.forests(decision)
        ],
        "bars": bars,
        "history": history,
        "production": pictures.production(history, metric),
        "provenance": list(flattened(decision["provenance"])),
        "rules": list(flattened(decision["policy"])),
    }
    return {
        "html": with_templates(report.environment()).get_template("monitoring.html").render(seen),
        "markdown": shortened(
            with_templates(markdown.environment())
            .get_template("monitoring.md")
            .render(seen | {"bars": Markup(bars)})
        ),
    }


def with_templates(environment: Environment) -> Environment:
    """The reports' own look, with the templates here beside it."""
    made = environment.overlay(loader=FileSystemLoader([TEMPLATES, SHARED]))
    made.filters["signed"] = text.signed
    return made


def performance(decision: Decision) -> dict[str, Any] | None:
    """The figures of champion and shadow in each window; places are percentages. None without a figure."""
    windows, baseline = decision["windows"], decision["champion"]["baseline"]
    figures = [window["champion"] for window in windows if window["champion"]]
    if not figures:
        return None
    ends = [end for figure in figures for end in (figure["lower"], figure["value"], figure["upper"])]
    values = [value for value in (*ends, *map(shadow_value, windows)) if value is not None]
    low, high = pictures.extent(values + ([baseline["value"]] if baseline else []))

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (high - value) / (high - low), 2)

    def placed(figure: WindowFigure) -> dict[str, float | None]:
        return {
            "lower": place(figure["lower"]),
            "value": place(figure["value"]),
            "upper": place(figure["upper"]),
        }

    step = (100 - 2 * INSET) / max(len(windows) - 1, 1)
    return {
        "ticks": [(place(each), f"{each:.4g}") for each in pictures.ticks(low, high, 4)],
        "baseline": baseline and place(baseline["value"]),
        "windows": [
            {
                "x": round(INSET + index * step, 2) if len(windows) > 1 else 50,
                "label": window["start"][5:10],
                "champion": window["champion"] and placed(window["champion"]),
                "shadow": place(shadow_value(window)),
            }
            for index, window in enumerate(windows)
        ],
    }


def shadow_value(window: MonitoredWindow) -> float | None:
    return window["shadow"].get("value") if window["shadow"] else None
