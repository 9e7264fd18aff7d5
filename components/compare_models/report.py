"""Render the verdict for people: one HTML page that needs nothing else, and Markdown for a comment."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.compare_models import pictures, terminal, text
from components.compare_models.curves import curves
from components.compare_models.document import Asked, label_of
from components.compare_models.drift import drift
from components.compare_models.inputs import Rows

TEMPLATES = Path(__file__).parent / "templates"
MARKUP = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": f"\\${text.INVISIBLE}"}
    | {each: f"\\{each}" for each in "\\`*_{}[]()|~!^"}
    | {each: f"{each}{text.INVISIBLE}" for each in "@#:"}
)
LINKED = re.compile(r"(?<=www)(?=\.)|(?<=gh)(?=-)", re.IGNORECASE)
MARKDOWN_LIMIT = 60_000


def render(verdict: dict[str, Any], rows: Rows | None, asked: Asked) -> dict[str, str]:
    """The report by file name."""
    seen = {
        "verdict": verdict,
        "title": asked.provenance.get("title") or asked.provenance.get("model"),
        "forests": [pictures.forest_plot(verdict["metric"]["name"], each) for each in verdict["comparisons"]],
        "bars": [bars(verdict["metric"]["name"], each) for each in verdict["comparisons"]],
        "curves": drawn_curves(rows, asked),
        "drift": drift(asked.training, asked.evaluation) if asked.training and asked.evaluation else None,
        "history": asked.history,
        "production": pictures.production(asked.history, verdict["metric"]["name"]),
        "provenance": dict(flattened(asked.provenance)),
    }
    return {
        "report.html": environment(html=True).get_template("report.html").render(seen),
        "report.md": shortened(environment(html=False).get_template("report.md").render(seen)),
    }


def environment(html: bool) -> Environment:
    """Whatever a template prints is escaped for its format, unless a filter here already made it safe."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=None if html else markdown,
    )
    made.filters |= {
        "signed": text.signed,
        "unsigned": text.unsigned,
        "interval": text.interval,
        "guardrail": terminal.guardrail,
        "detectable": terminal.detectable,
        "heat": pictures.heat,
        "code": code,
    }
    made.globals |= {"titles": text.TITLES, "cluster_noun": text.cluster_noun, "box": pictures}
    return made


def markdown(value: Any) -> Markup:
    """Text as Markdown that shows it: no markup, no link, no mention, no command to a log."""
    if isinstance(value, Markup):
        return value
    shown = text.printable(value).translate(MARKUP)
    return Markup(LINKED.sub(text.INVISIBLE, shown))


def code(value: Any) -> Markup:
    """Text as a Markdown code span, in which nothing is markup, not even in a table."""
    shown = text.printable(value).strip().replace("`", "ˋ").replace("|", "\\|") or "-"
    return Markup("`{}`").format(Markup(shown))


def bars(metric: str, comparison: dict[str, Any]) -> Markup:
    """The terminal's picture, for a fenced block; each line has words, so that none closes the block."""
    return Markup("\n".join(terminal.compared(metric, comparison, terminal.Paint(False))))


def drawn_curves(rows: Rows | None, asked: Asked) -> list[dict[str, Any]]:
    if rows is None:
        return []
    return [pictures.curve(name, lines) for name, lines in curves(rows, label_of(asked)["type"]).items()]


def flattened(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", ", ".join(map(str, value)) if isinstance(value, list) else value


def shortened(markdown_text: str) -> str:
    """Whole lines that fit a comment; what is cut off is in the HTML."""
    if len(markdown_text.encode()) <= MARKDOWN_LIMIT:
        return markdown_text
    kept = markdown_text.encode()[:MARKDOWN_LIMIT].decode(errors="ignore").rpartition("\n")[0]
    fence = "\n```" if kept.count("\n```") % 2 else ""
    return f"{kept}{fence}\n\nThe rest is in report.html.\n"
