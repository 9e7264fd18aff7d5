"""Render the verdict for people: one HTML page that needs nothing else, and Markdown."""

from typing import TypedDict

from jinja2 import Environment

from engine.documents.changes import Changes
from engine.documents.ledger import Move
from engine.documents.monitor_decision import Drift
from engine.documents.policy import slice_level
from engine.documents.verdict import Proposed, Verdict
from engine.judging.drift import drift
from engine.judging.figures import label_of
from engine.judging.inputs import Rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.metrics.metrics import title_of
from engine.reporting import markdown, pictures, terminal
from engine.reporting.curves import curves
from engine.reporting.replaced import later_rows, replaced_rows
from engine.wording import text


class AcceptedContext(TypedDict):
    """The context of accepted.html."""

    verdict: Verdict


class PageContext(TypedDict):
    """The context of report.html."""

    verdict: Verdict
    title: object
    """A text of the provenance; None or empty without one."""
    changes: Changes | None
    forests: list[pictures.ForestPlot]
    proposed: Proposed | None
    proposed_forests: list[pictures.ForestPlot]
    later_rows: list[str]
    curves: list[pictures.Curve]
    drift: Drift | None
    history: list[Move]
    production: pictures.Production | None
    provenance: dict[str, object]


def render(verdict: Verdict, rows: Rows | None, inputs: VerdictInputs) -> dict[str, str]:
    """The report by file name."""
    proposed = verdict.get("proposed")
    context: PageContext = {
        "verdict": verdict,
        "title": inputs.provenance.get("title") or inputs.provenance.get("model"),
        "changes": inputs.provenance.get("changes"),
        "forests": forests(verdict),
        "proposed": proposed,
        "proposed_forests": forests(proposed) if proposed else [],
        "later_rows": later_rows(inputs.provenance),
        "curves": drawn_curves(rows, inputs),
        "drift": drift(inputs.training, inputs.evaluation) if inputs.training and inputs.evaluation else None,
        "history": inputs.history,
        "production": pictures.production(inputs.history, verdict["metric"]["name"]),
        "provenance": dict(markdown.origin_of(inputs.provenance)),
    }
    return {
        "report.html": environment().get_template("report.html").render(context),
        "report.md": markdown.report(verdict),
    }


def forests(judged: Verdict | Proposed) -> list[pictures.ForestPlot]:
    return [pictures.forest_plot(judged["policy"]["metric"], each) for each in judged["comparisons"]]


def render_accepted(verdict: Verdict, page: str) -> dict[str, str]:
    """The report of a verdict that was accepted when its HTML `page` was there already."""
    context: AcceptedContext = {"verdict": verdict}
    words = environment().get_template("accepted.html").render(context)
    return {
        "report.html": page.replace("</header>", f"{words}</header>", 1),
        "report.md": markdown.report(verdict),
    }


def environment() -> Environment:
    """Whatever a template prints is escaped."""
    made = markdown.templates()
    made.filters |= {
        "signed": text.signed,
        "unsigned": text.unsigned,
        "model_title": text.model_title,
        "interval": text.interval,
        "window": text.window,
        "rise": text.rise,
        "guardrail": terminal.guardrail,
        "detectable": terminal.detectable,
        "heat": pictures.heat,
        "flattened": markdown.flattened,
        "slice_level": slice_level,
        "replaced_rows": replaced_rows,
    }
    made.globals |= {
        "title_of": title_of,
        "cluster_noun": text.cluster_noun,
        "box": pictures,
        "marks": text.MARKS,
        "tone_of": text.tone_of,
    }
    return made


def drawn_curves(rows: Rows | None, inputs: VerdictInputs) -> list[pictures.Curve]:
    if rows is None:
        return []
    return [pictures.curve(name, lines) for name, lines in curves(rows, label_of(inputs)["type"]).items()]
