"""Print a verdict so that one sees it at a glance; light enough for any command to import."""

import textwrap
from collections.abc import Iterator

from engine.documents.parts import UsedRows
from engine.documents.verdict import Comparison, Guardrail, RegisteredModel, Verdict, Worse
from engine.metrics.metrics import title_of
from engine.reporting.replaced import later_rows, replaced_lines
from engine.text import (
    MARKS,
    OPEN,
    Tone,
    bar,
    cluster_noun,
    drawn_margin,
    forest,
    interval,
    names,
    printable,
    scale,
    signed,
    signs,
    tone_of,
    unsigned,
)

WIDTH, BAR, MOST_SEGMENTS = 100, 42, 3
GREEN, RED, YELLOW, DIM, BOLD, BADGE = "32", "31", "33", "2", "1", "7"
COLORS: dict[Tone, str] = {"good": GREEN, "open": YELLOW, "bad": RED}


class Paint:
    """Wraps text in colors, where there are any."""

    def __init__(self, color: bool):
        self.color = color

    def __call__(self, text: str, *codes: str) -> str:
        return f"\033[{';'.join(codes)}m{text}\033[0m" if self.color else text


def render(verdict: Verdict, color: bool) -> str:
    """The verdict as lines for a terminal; without `color` they are plain text."""
    paint = Paint(color)
    shade = GREEN if verdict["passed"] else YELLOW if verdict["verdict"] == "INCONCLUSIVE" else RED
    outcome = "passes" if verdict["passed"] else "does not pass"
    lines = ["", f"{paint(' ' + verdict['verdict'] + ' ', BADGE, BOLD, shade)} {paint(outcome, BOLD, shade)}"]
    lines += textwrap.wrap(printable(verdict["reason"]), WIDTH)
    if accepted := verdict.get("accepted"):
        lines += textwrap.wrap(f"this regression is {printable(accepted)}", WIDTH)
    if later := names(verdict["provenance"].get("counts_after_the_merge")):
        lines += textwrap.wrap(f"counts after the merge: {printable(', '.join(later))}", WIDTH)
    lines += after_the_merge(verdict)
    if changes := verdict["provenance"].get("changes"):
        lines += replaced_lines(changes)
    for comparison in verdict["comparisons"]:
        lines += ["", *compared(verdict["metric"]["name"], comparison, paint)]
    if found := verdict.get("worse"):
        lines += ["", *where_worse(found)]
    for kind, entries in (("finding", verdict["findings"]), ("warning", verdict["warnings"])):
        lines += [f"{paint(kind, YELLOW)}: {printable(entry['message'])}" for entry in entries]
    if registered := verdict.get("registered"):
        lines += ["", *(paint(line, DIM) for line in production_figures(registered))]
    if rows := verdict["rows"]:
        lines += ["", *(paint(line, DIM) for line in rows_used(verdict, rows))]
    return "\n".join([*lines, ""])


def compared(metric: str, comparison: Comparison, paint: Paint) -> Iterator[str]:
    """The forest of one comparison, its guardrails, and what rows like these can show."""
    rows, margin = forest(metric, comparison), drawn_margin(comparison)
    low, high = scale(rows, margin)
    against = "a constant" if comparison["verdict"] == "NO_CHAMPION" else f"the {comparison['reference']}"
    title = f"against {against}: {comparison['verdict']}"
    space = " " * max(1, 50 - len(title))
    yield f"{paint(title, BOLD)}{space}{paint(legend(low, high, margin), DIM)}"
    for row in rows:
        drawn = paint(bar(row, low, high, margin, BAR), COLORS[row["tone"]])
        yield f"  {printable(row['name'])[:19]:<19} {row['text']:<27} {drawn} {mark(row['tone'], paint)}"
    tones = {row["tone"] for row in rows}
    for each in comparison["guardrails"]:
        looks = guardrail_tone(each)
        tones.add(looks)
        yield f"  {title_of(each['name']):<19} {guardrail(each)} {mark(looks, paint)}"
    yield paint(f"  {signs(metric, comparison)}{f'; {OPEN}' if 'open' in tones else ''}", DIM)
    yield paint(f"  {detectable(comparison)}", DIM)


def legend(low: float, high: float, margin: float) -> str:
    ends = f"{signed(low)} to {signed(high)}, │ zero"
    return f"{ends}, ┊ margin {signed(-margin)}" if margin else ends


def mark(looks: Tone, paint: Paint) -> str:
    return paint(MARKS[looks], COLORS[looks])


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


def after_the_merge(verdict: Verdict) -> Iterator[str]:
    """What the change's own policy would say, and which rows it would be asked about."""
    if proposed := verdict.get("proposed"):
        outcome = "passes" if proposed["passed"] else "does not pass"
        said = f"the change's own policy would say {proposed['verdict']}, {outcome}: {proposed['reason']}"
        yield from textwrap.wrap(printable(f"after the merge {said}"), WIDTH)
    if rows := later_rows(verdict["provenance"]):
        yield from textwrap.wrap(printable(f"other rows after the merge: {', '.join(rows)}"), WIDTH)


def where_worse(found: Worse) -> Iterator[str]:
    """On how many rows the candidate got worse, and the worst segments of them."""
    yield (
        f"worse than the {found['reference']} on {found['rows_worse']:,} of {found['rows']:,} rows,"
        f" better on {found['rows_better']:,}; {found['segments_worse']} of {found['segments_examined']}"
        " segments wholly below zero"
    )
    for each in found["segments"][:MOST_SEGMENTS]:
        yield f"  {printable(each['column'])} = {printable(each['value'])[:40]}: {interval(each)}"


def production_figures(model: RegisteredModel) -> Iterator[str]:
    """The figures that the champion was registered with, and the rows that they are of."""
    values = (f"{title_of(name)} {unsigned(value)}" for name, value in model["metrics"].items())
    yield f"in production {(model['version'] or '')[:12]}: {', '.join(values)}"
    if rows := model["rows"]:
        noun = cluster_noun(rows["cluster"])
        yield f"on {rows['n']:,} rows in {rows['clusters']:,} {noun}, {rows['start']} to {rows['end']}"


def rows_used(verdict: Verdict, rows: UsedRows) -> Iterator[str]:
    noun = cluster_noun(rows["cluster"])
    yield f"{rows['n']:,} rows in {rows['clusters']:,} {noun}, {rows['start']} to {rows['end']}"
    values = (f"{name} {unsigned(model['value'])}" for name, model in verdict["models"].items())
    yield f"{verdict['metric']['title']}: {', '.join(values)}"
