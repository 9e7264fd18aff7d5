"""Render the decision for people: one HTML page that needs nothing else, and Markdown."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from engine import text
from engine.reporting import markdown, pictures
from engine.reporting import monitoring_terminal as terminal
from engine.reporting import verdict_report as report
from engine.reporting.markdown import flattened, shortened
from engine.reporting.terminal import Paint

TEMPLATES = Path(__file__).parent / "templates"
SHARED = Path(report.__file__).parent / "templates"
INSET = 8  # percent of the picture's width that are left of the first window and right of the last


def render(decision: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, str]:
    """The report by format."""
    metric = decision["metric"]["name"]
    seen = {
        "decision": decision,
        "title": decision["provenance"].get("model"),
        "tone": terminal.tone(decision),
        "outcome": terminal.OUTCOMES[decision["decision"]],
        "performance": performance(decision),
        "forests": [
            {"title": each["title"], "plot": pictures.axis("", each["rows"], 0.0) | {"main": False}}
            for each in terminal.forests(decision)
        ],
        "bars": "\n\n".join("\n".join(each) for each in terminal.pictures(decision, Paint(False))),
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
            .render(seen | {"bars": Markup(seen["bars"])})
        ),
    }


def with_templates(environment: Environment) -> Environment:
    """The reports' own look, with the templates here beside it."""
    made = environment.overlay(loader=FileSystemLoader([TEMPLATES, SHARED]))
    made.filters["signed"] = text.signed
    return made


def performance(decision: dict[str, Any]) -> dict[str, Any] | None:
    """The figures of champion and shadow in each window; places are percentages. None without a figure."""
    windows, baseline = decision["windows"], decision["champion"]["baseline"]
    judged = [each for each in windows if each["champion"]]
    if not judged:
        return None
    ends = ("lower", "value", "upper")
    values = [each["champion"][end] for each in judged for end in ends if each["champion"][end] is not None]
    values += [each["shadow"]["value"] for each in judged if each["shadow"]]
    low, high = pictures.extent(values + ([baseline["value"]] if baseline else []))

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (high - value) / (high - low), 2)

    step = (100 - 2 * INSET) / max(len(windows) - 1, 1)
    return {
        "ticks": [(place(each), f"{each:.4g}") for each in pictures.ticks(low, high, 4)],
        "baseline": baseline and place(baseline["value"]),
        "windows": [
            {
                "x": round(INSET + index * step, 2) if len(windows) > 1 else 50,
                "label": each["start"][5:10],
                "champion": each["champion"] and {end: place(each["champion"][end]) for end in ends},
                "shadow": each["shadow"] and place(each["shadow"]["value"]),
            }
            for index, each in enumerate(windows)
        ],
    }
