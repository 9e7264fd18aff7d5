"""Print a decision so that one sees it at a glance; light enough for any command to import."""

import textwrap
from collections.abc import Iterator
from typing import Any

from engine.reporting.terminal import BADGE, BAR, BOLD, DIM, GREEN, RED, WIDTH, YELLOW, Paint, legend, mark
from engine.text import bar, cluster_noun, interval, printable, scale, unsigned

COLORS = {"good": GREEN, "open": YELLOW, "bad": RED}
OUTCOMES = {
    "ALARM": "the champion needs retraining",
    "QUIET": "the champion stays",
    "NOT_ENOUGH_EVIDENCE": "cannot tell",
    "DATA_FAULT": "no alarm on broken data",
    "COOLING_DOWN": "no alarm so soon after the last",
    "NOT_REARMED": "the alarm was raised before",
    "CAPPED": "no alarm, the week has had its own",
    "ALREADY_DECIDED": "decided by another run",
    "OUT_OF_ORDER": "nothing is decided",
}
QUESTIONS = {"shadow": "the shadow minus the champion", "drop": "the champion now minus at its birth"}


def tone(decision: dict[str, Any]) -> str:
    return {"ALARM": "bad", "QUIET": "good"}.get(decision["decision"], "open")


def render(decision: dict[str, Any], color: bool) -> str:
    """The decision as lines for a terminal; without `color` they are plain text."""
    paint, shade, name = Paint(color), COLORS[tone(decision)], decision["decision"]
    lines = ["", f"{paint(f' {name} ', BADGE, BOLD, shade)} {paint(OUTCOMES[name], BOLD, shade)}"]
    lines += textwrap.wrap(printable(decision["reason"]), WIDTH)
    lines += textwrap.wrap(printable(decision["next"]), WIDTH)
    for picture in pictures(decision, paint):
        lines += ["", *picture]
    for kind, entries in (("finding", decision["findings"]), ("warning", decision["warnings"])):
        lines += [f"{paint(kind, YELLOW)}: {printable(entry['message'])}" for entry in entries]
    lines += [f"{paint('unknown', YELLOW)}: {each}" for each in decision["unknown"]]
    if rows := decision["rows"]:
        noun = cluster_noun(rows["cluster"])
        used = f"{rows['n']:,} rows in {rows['clusters']} {noun}, {rows['start'][:10]} to {rows['end'][:10]}"
        lines += ["", paint(used, DIM)]
    return "\n".join([*lines, ""])


def forests(decision: dict[str, Any]) -> list[dict[str, Any]]:
    """For each question that the windows answer, the rows of a forest plot."""
    found = []
    for question, title in QUESTIONS.items():
        rows = [
            {"name": f"{each['start'][5:10]} to {each['end'][5:10]}", "text": interval(each[question])}
            | {"passed": not each[question]["found"]}
            | {end: each[question][end] for end in ("lower", "difference", "upper")}
            for each in decision["windows"]
            if each[question] and each[question]["lower"] is not None
        ]
        if rows:
            found.append({"title": title, "rows": rows})
    return found


def pictures(decision: dict[str, Any], paint: Paint) -> Iterator[list[str]]:
    """The windows as bars; a cross counts towards an alarm."""
    if judged := [each for each in decision["windows"] if each["champion"]]:
        yield [
            paint(f"{decision['metric']['title']} of the champion in each window", BOLD),
            *(
                f"  {each['start'][5:10]} to {each['end'][5:10]}    {figure(each['champion'])}"
                for each in judged
            ),
        ]
    for forest in forests(decision):
        low, high = scale(forest["rows"], 0.0)
        title = f"{forest['title']}"
        yield [
            f"{paint(title, BOLD)}{' ' * max(1, 50 - len(title))}{paint(legend(low, high, 0.0), DIM)}",
            *(
                f"  {row['name']:<19} {row['text']:<27} "
                f"{paint(bar(row, low, high, 0.0, BAR), GREEN if row['passed'] else RED)} "
                f"{mark(row['passed'], paint)}"
                for row in forest["rows"]
            ),
        ]


def figure(found: dict[str, Any]) -> str:
    return f"{unsigned(found['value'])} [{unsigned(found['lower'])}, {unsigned(found['upper'])}]"
