"""Render the verdict as Markdown, one text for the job's summary, for Kubeflow's page and for a comment."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.documents.changes import Changes
from engine.documents.parts import Provenance
from engine.documents.policy import slice_level
from engine.documents.verdict import Comparison, Proposed, Slice, Verdict
from engine.metrics.metrics import title_of
from engine.reporting import terminal
from engine.reporting.display import Display
from engine.reporting.replaced import later_rows, replaced_rows
from engine.wording import text

MARKUP = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": f"\\${text.INVISIBLE}"}
    | {each: f"\\{each}" for each in "\\`*_{}[]()|~!^"}
    | {each: f"{each}{text.INVISIBLE}" for each in "@#:"}
)
LINKED = re.compile(r"(?<=www)(?=\.)|(?<=gh)(?=-)", re.IGNORECASE)
# What would open a list or a rule at the beginning of a line.
BLOCK = re.compile(r"^(\d*)([-+=.)])(?=\s|[-=\s]*$)")
LIMIT = 60_000  # bytes: a comment may have 65,536 characters
LONGEST_TEXT = 2_000  # characters of one of a verdict's texts
MOST_SLICES, MOST_NAMES = 30, 20


class RunContext(TypedDict):
    """What a comment says about the run and its pull request, beside the verdict: see run.md."""

    accepted: str | None
    """Who accepted the regression, and why."""
    but: str
    """What the run did that its verdict does not say."""
    links: list[tuple[str, str]]
    """Words and URLs."""
    sha: str
    workflows: list[str]
    judges: list[str]
    """Changed files, of which `settings` is mlops.yaml or empty, that count after the merge only."""
    settings: str


class OutcomeContext(TypedDict):
    """The context of outcome.md: a run without a verdict."""

    mark: str
    heading: str
    line: str
    run: RunContext


class ReportContext(TypedDict):
    """The context of report.md; `run` for a comment only."""

    verdict: Verdict
    title: str
    bars: Markup
    proposed: Proposed | None
    proposed_bars: Markup
    later_rows: list[str]
    changed: list[str]
    changes: Changes | None
    later: list[str]
    policy: list[tuple[str, object]]
    images: list[tuple[str, str, str]]
    provenance: list[tuple[str, object]]
    run: RunContext | None


def report(verdict: Verdict, run: RunContext | None = None) -> str:
    """The report; with `run` it is a comment's, which folds the tables."""
    provenance, proposed = verdict["provenance"], verdict.get("proposed")
    context: ReportContext = {
        "verdict": verdict,
        "title": text.printable(provenance.get("title") or provenance.get("model") or "").strip(),
        "bars": all_bars(verdict),
        "proposed": proposed,
        "proposed_bars": all_bars(proposed) if proposed else Markup(),
        "later_rows": later_rows(provenance),
        "changed": text.names(provenance.get("changed")),
        "changes": provenance.get("changes"),
        "later": text.names(provenance.get("counts_after_the_merge")),
        "policy": list(flattened(verdict["policy"])),
        "images": changed_images(provenance),
        "provenance": list(origin_of(provenance)),
        "run": run,
    }
    return render("report.md", context)


def outcome(context: OutcomeContext) -> str:
    """The comment on a run without a verdict."""
    return render("outcome.md", context)


def render(template: str, context: Mapping[str, object]) -> str:
    """The template's text, escaped as Markdown and short enough for a comment."""
    return shortened(environment().get_template(template).render(context))


@cache
def environment() -> Environment:
    """Whatever a template prints is escaped, unless a filter here already made it safe."""
    made = templates(finalize=markdown)
    made.filters |= {
        "unsigned": text.unsigned,
        "model_title": text.model_title,
        "interval": interval,
        "code": code,
        "codes": codes,
        "p_value": p_value,
        "window": text.window,
        "rise": text.rise,
        "link": link,
        "shown_slices": shown_slices,
        "slice_level": slice_level,
        "replaced_rows": replaced_rows,
    }
    made.globals |= {
        "title_of": title_of,
        "cluster_noun": text.cluster_noun,
        "marks": text.MARKS,
        "tone_of": text.tone_of,
        "most_names": MOST_NAMES,
    }
    return made


def templates(**options: Any) -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )


def markdown(value: object) -> Markup:
    """Text as Markdown that shows it: no markup, no link, no mention, no command to a log."""
    if isinstance(value, Markup):
        return value
    shown = cut(text.printable(value).strip()).translate(MARKUP)
    return Markup(BLOCK.sub(r"\1\\\2", LINKED.sub(text.INVISIBLE, shown)))


def code(value: object) -> Markup:
    """Text as a Markdown code span, in which nothing is markup, not even in a table."""
    shown = cut(text.printable(value)).strip().replace("`", "ˋ").replace("|", "\\|") or "-"
    return Markup("`{}`").format(Markup(shown))


def codes(values: list[str]) -> Markup:
    more = len(values) - MOST_NAMES
    named = Markup(", ").join(map(code, values[:MOST_NAMES]))
    return Markup("{} and {:,} more").format(named, more) if more > 0 else named


def interval(figure: text.Interval) -> Markup:
    """In one piece, however narrow its column."""
    return markdown(text.interval(figure)).replace(" ", Markup("&nbsp;"))


def p_value(value: float) -> str:
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def link(url: str, words: str) -> Markup:
    return Markup("[{}](<{}>)").format(markdown(words), Markup(quote(url, safe=":/?#=&%")))


def cut(line: str) -> str:
    return line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]}…"


def all_bars(judged: Verdict | Proposed) -> Markup:
    metric = judged["policy"]["metric"]
    return Markup("\n\n".join(bars(metric, each) for each in judged["comparisons"]))


def bars(metric: str, comparison: Comparison) -> str:
    """The terminal's picture, for a fenced block; each line has words, so that none closes the block."""
    shown = comparison.copy()
    shown["slices"] = shown_slices(comparison["slices"])
    return "\n".join(terminal.compared(metric, shown, Display()))


def shown_slices(slices: list[Slice]) -> list[Slice]:
    """As many as people read, the worst first; all of them are in report.html."""
    if len(slices) <= MOST_SLICES:
        return slices
    return sorted(slices, key=lambda each: (each["passed"], each["p_value"]))[:MOST_SLICES]


def changed_images(provenance: Provenance) -> list[tuple[str, str, str]]:
    """Component, the base's image and the change's, if they differ: by tag, which is a hash."""
    base, change = (images_of(provenance.get(name)) for name in ("control", "candidate"))
    return [(name, base.get(name, "none"), tag) for name, tag in change.items() if tag != base.get(name)]


def images_of(references: object) -> dict[str, str]:
    if not isinstance(references, dict):
        return {}
    return {name: str(each).partition("@")[0].rpartition(":")[2] for name, each in references.items()}


def origin_of(provenance: Provenance) -> Iterator[tuple[str, object]]:
    """The provenance by name, but for the changes, which have a table of their own."""
    return flattened({name: value for name, value in provenance.items() if name != "changes"})


def flattened(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", ", ".join(map(str, value)) if isinstance(value, list) else value


def shortened(markdown_text: str) -> str:
    """Whole lines that fit a comment; what is cut off is in the HTML."""
    if len(markdown_text.encode()) <= LIMIT:
        return markdown_text
    kept = markdown_text.encode()[:LIMIT].decode(errors="ignore").rpartition("\n")[0]
    fence = "\n```" if kept.count("\n```") % 2 else ""
    return f"{kept}{fence}\n\nThe rest is in report.html.\n"
