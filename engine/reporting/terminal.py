"""Print a verdict so that one sees it at a glance; light enough for any command to import."""

from collections.abc import Iterable, Iterator
from typing import TextIO

from engine.documents.parts import UsedRows
from engine.documents.verdict import Comparison, Guardrail, RegisteredModel, Verdict, Worse
from engine.metrics.metrics import title_of
from engine.reporting.display import BADGE, BOLD, DIM, GREEN, RED, WIDEST, YELLOW, Display
from engine.reporting.replaced import later_rows, replaced_lines
from engine.wording.text import (
    OPEN,
    Tone,
    cluster_noun,
    drawn_margin,
    forest,
    interval,
    model_title,
    names,
    printable,
    signed,
    signs,
    tone_of,
    unsigned,
    window,
)

MOST_SEGMENTS = 3


def show(verdict: Verdict, stream: TextIO) -> None:
    """Print the verdict as wide as `stream` is, in color if it has any."""
    display = Display.of(stream)
    print(render(verdict, display.color, display.width), file=stream)


def render(verdict: Verdict, color: bool, width: int = WIDEST) -> str:
    """The verdict as lines of at most `width` columns; without `color` they are plain text."""
    display = Display(color, width)
    paint = display.paint
    shade = GREEN if verdict["passed"] else YELLOW if verdict["verdict"] == "INCONCLUSIVE" else RED
    outcome = "passes" if verdict["passed"] else "does not pass"
    lines = ["", f"{paint(' ' + verdict['verdict'] + ' ', BADGE, BOLD, shade)} {paint(outcome, BOLD, shade)}"]
    lines += display.wrap(printable(verdict["reason"]))
    if accepted := verdict.get("accepted"):
        lines += display.wrap(f"this regression is {printable(accepted)}")
    if later := names(verdict["provenance"].get("counts_after_the_merge")):
        lines += display.wrap(f"counts after the merge: {printable(', '.join(later))}")
    lines += after_the_merge(verdict, display)
    if changes := verdict["provenance"].get("changes"):
        lines += replaced_lines(changes)
    for comparison in verdict["comparisons"]:
        lines += ["", *compared(verdict["metric"]["name"], comparison, display)]
    if worse := verdict.get("worse"):
        lines += ["", *where_worse(worse)]
    for kind, entries in (("finding", verdict["findings"]), ("warning", verdict["warnings"])):
        for entry in entries:
            lines += display.labelled(kind, printable(entry["message"]))
    if registered := verdict.get("registered"):
        lines += ["", *dimmed(production_figures(registered), display)]
    if rows := verdict["rows"]:
        lines += ["", *dimmed(rows_used(verdict, rows), display)]
    return "\n".join([*lines, ""])


def compared(metric: str, comparison: Comparison, display: Display) -> Iterator[str]:
    """The forest of one comparison, its guardrails, and what rows like these can show."""
    rows = forest(metric, comparison)
    against = "a constant" if comparison["verdict"] == "NO_CHAMPION" else f"the {comparison['reference']}"
    yield from display.forest(f"against {against}: {comparison['verdict']}", rows, drawn_margin(comparison))
    tones = {row["tone"] for row in rows}
    for each in comparison["guardrails"]:
        tone = guardrail_tone(each)
        tones.add(tone)
        yield from display.row(title_of(each["name"]), guardrail(each), tone)
    notes = [f"{signs(metric, comparison)}{f'; {OPEN}' if 'open' in tones else ''}", detectable(comparison)]
    yield from dimmed(notes, display, "  ")


def dimmed(lines: Iterable[str], display: Display, indent: str = "") -> Iterator[str]:
    for line in lines:
        yield from (display.paint(part, DIM) for part in display.wrap(line, indent))


def guardrail_tone(judged: Guardrail) -> Tone:
    return tone_of(judged["passed"], None if "maximum" in judged else judged["upper"])


def guardrail(judged: Guardrail) -> str:
    if "maximum" in judged:
        return f"{judged['candidate_value']:,} bytes of {judged['maximum']:,}"
    return f"{interval(judged):<27} margin {signed(-judged['margin'])}"


def detectable(comparison: Comparison) -> str:
    """The smallest effect that would show, and whether neighboring clusters made it larger."""
    serial = comparison["serial_correlation"]
    effect = f"minimum detectable effect {unsigned(comparison['minimum_detectable_effect'])} (80% power)"
    if serial is None:
        return f"{effect}; clusters stand side by side in time"
    widened = f"widened {serial['widening']:.2f}x" if serial["widening"] > 1 else "not widened"
    return f"{effect}; serial correlation {signed(serial['autocorrelation'], 2)}, {widened}"


def after_the_merge(verdict: Verdict, display: Display) -> Iterator[str]:
    """What the change's own policy would say, and which rows it would be asked about."""
    if proposed := verdict.get("proposed"):
        outcome = "passes" if proposed["passed"] else "does not pass"
        sentence = f"the change's own policy would say {proposed['verdict']}, {outcome}: {proposed['reason']}"
        yield from display.wrap(printable(f"after the merge {sentence}"))
    if rows := later_rows(verdict["provenance"]):
        yield from display.wrap(printable(f"other rows after the merge: {', '.join(rows)}"))


def where_worse(worse: Worse) -> Iterator[str]:
    """On how many rows the candidate got worse, and the worst segments of them."""
    yield (
        f"worse than the {worse['reference']} on {worse['rows_worse']:,} of {worse['rows']:,} rows,"
        f" better on {worse['rows_better']:,}; {worse['segments_worse']} of {worse['segments_examined']}"
        " segments wholly below zero"
    )
    for each in worse["segments"][:MOST_SEGMENTS]:
        yield f"  {printable(each['column'])} = {printable(each['value'])[:40]}: {interval(each)}"


def production_figures(model: RegisteredModel) -> Iterator[str]:
    """The figures that the champion was registered with, and the rows that they are of."""
    values = (f"{title_of(name)} {unsigned(value)}" for name, value in model["metrics"].items())
    yield f"in production {(model['version'] or '')[:12]}: {', '.join(values)}"
    if rows := model["rows"]:
        noun = cluster_noun(rows["cluster"])
        yield f"on {rows['n']:,} rows in {rows['clusters']:,} {noun}, {window(rows)}"


def rows_used(verdict: Verdict, rows: UsedRows) -> Iterator[str]:
    noun = cluster_noun(rows["cluster"])
    yield f"{rows['n']:,} rows in {rows['clusters']:,} {noun}, {window(rows)}"
    values = (f"{model_title(name)} {unsigned(model['value'])}" for name, model in verdict["models"].items())
    yield f"{verdict['metric']['title']}: {', '.join(values)}"
