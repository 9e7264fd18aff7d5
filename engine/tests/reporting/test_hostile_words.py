"""What strangers wrote is plain text in the page, in Markdown and in a log."""

import re
from dataclasses import replace

import pytest

from engine.reporting import terminal
from engine.tests.reporting.hostile_words import MOVES, Tags, hostile, rendered


def test_a_strangers_words_are_plain_text_in_the_page():
    _, harmless = rendered(replace(hostile(), history=MOVES, provenance={"title": "harmless"}))
    _, files = rendered(hostile())

    page, usual = Tags(files["report.html"]), Tags(harmless["report.html"])
    assert page.tags <= usual.tags
    assert page.attributes <= usual.attributes
    assert "<script>alert(1)</script>" in page.text


def test_a_strangers_words_are_plain_text_in_markdown():
    _, files = rendered(hostile())

    outside = re.sub(
        r"```text\n.*?\n```|`[^`\n]*`|\*\*|\|[-:| ]+\|\n|&nbsp;", "", files["report.md"], flags=re.DOTALL
    )
    assert "alert" in outside
    assert not re.search(r"<|(?<!\\)[\[\]*_`~]|@\w|#\d|GH-\d|www\.|://", outside)


@pytest.mark.parametrize("shown", ["markdown", "terminal"])
def test_no_line_commands_the_log_it_is_printed_to(shown):
    verdict, files = rendered(hostile())

    printed = {"markdown": files["report.md"], "terminal": terminal.render(verdict, color=False)}[shown]

    assert "error" in printed
    assert not re.search(r"::|##\[|\x1b|\r", printed)
