"""Where the candidate got worse is shown as an explanation, with what chance alone would show."""

import re

import numpy as np

from engine.judging.segments import with_worse
from engine.judging.verdict_document import judge
from engine.reporting import terminal
from engine.reporting import verdict_report as report
from engine.tests.questions import ORIGIN, probability, question
from engine.tests.reporting.test_report import HOSTILE, Tags, hostile

GOOD = probability()


def shown(inputs) -> tuple[dict, dict[str, str]]:
    verdict, rows = judge(inputs)
    verdict = with_worse(verdict, rows, inputs)
    return verdict, report.render(verdict, rows, inputs)


def test_rows_and_segments_that_got_worse_are_shown() -> None:
    verdict, files = shown(question(np.where(ORIGIN == "JFK", probability(noise=4.0), GOOD), control=GOOD))

    worse = verdict["worse"]
    page = " ".join(Tags(files["report.html"]).text.split())
    rows = f"on {worse['rows_worse']:,} of 1,860 rows"
    assert rows in page and rows in files["report.md"]
    for text in page, files["report.md"]:
        assert "by chance about 0.2 would. Segments explain, they decide nothing." in text
    assert re.search(r"\| origin = JFK \| 631 \| 0\.\d+ \| 0\.\d+ \| −", files["report.md"])
    assert "origin = JFK631" in page.replace(" 631", "631")
    lines = terminal.render(verdict, color=False)
    assert f"worse than the control {rows}, better on {worse['rows_better']:,}" in lines
    assert re.search(r"\n  origin = JFK: −0\.\d+ \[", lines)


def test_no_empty_table_is_shown() -> None:
    _, files = shown(question(GOOD, control=probability(noise=4.0)))

    assert "0 have an interval wholly below zero" in " ".join(Tags(files["report.html"]).text.split())
    assert "| segment |" not in files["report.md"]


def test_a_hostile_feature_name_stays_plain_text() -> None:
    inputs = hostile()
    models = inputs.models | {"candidate": inputs.models["control"], "control": inputs.models["candidate"]}

    verdict, files = shown(type(inputs)(**{**vars(inputs), "models": models}))

    assert any(each["column"] == HOSTILE for each in verdict["worse"]["segments"])
    assert "<script>" not in files["report.html"]
    assert "<" not in re.sub(r"```text\n.*?\n```|`[^`\n]*`", "", files["report.md"], flags=re.DOTALL)
    assert not re.search(r"::|##\[|\x1b|\r", terminal.render(verdict, color=False))
