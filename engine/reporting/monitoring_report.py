"""Render the decision for people: one HTML page that needs nothing else, and Markdown."""

from pathlib import Path
from typing import TypedDict

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from engine.documents.ledger import Move
from engine.documents.monitor_decision import Decision
from engine.reporting import markdown, pictures
from engine.reporting import monitoring_terminal as terminal
from engine.reporting import verdict_report as report
from engine.reporting.display import Display
from engine.reporting.markdown import flattened, shortened
from engine.reporting.performance import Performance, performance
from engine.wording import text

TEMPLATES = Path(__file__).parent / "templates"
SHARED = Path(report.__file__).parent / "templates"


class PlacedForest(TypedDict):
    """A question that windows answer, and its forest plot."""

    title: str
    plot: pictures.Axis


class MonitoringContext(TypedDict):
    """The context of monitoring.html and monitoring.md."""

    decision: Decision
    title: object
    """A text of the provenance; None without one."""
    tone: str
    outcome: str
    performance: Performance | None
    forests: list[PlacedForest]
    bars: Markup
    history: list[Move]
    production: pictures.Production | None
    provenance: list[tuple[str, object]]


def render(decision: Decision, history: list[Move]) -> dict[str, str]:
    """The report by format."""
    metric = decision["metric"]["name"]
    bars = "\n\n".join("\n".join(lines) for lines in terminal.pictures(decision, Display()))
    context: MonitoringContext = {
        "decision": decision,
        "title": decision["provenance"].get("model"),
        "tone": terminal.tone(decision),
        "outcome": terminal.OUTCOMES[decision["decision"]],
        "performance": performance(decision),
        "forests": [
            {"title": each["title"], "plot": {**pictures.axis("", each["rows"], 0.0), "main": False}}
            for each in terminal.forests(decision)
        ],
        "bars": Markup(bars),
        "history": history,
        "production": pictures.production(history, metric),
        "provenance": list(flattened(decision["provenance"])),
    }
    return {
        "html": with_templates(report.environment()).get_template("monitoring.html").render(context),
        "markdown": shortened(
            with_templates(markdown.environment()).get_template("monitoring.md").render(context)
        ),
    }


def with_templates(environment: Environment) -> Environment:
    """The reports' own look, with the templates here beside it."""
    made = environment.overlay(loader=FileSystemLoader([TEMPLATES, SHARED]))
    made.filters["signed"] = text.signed
    return made
