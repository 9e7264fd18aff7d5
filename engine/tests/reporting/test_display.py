"""A verdict is read on the screen that there is: wide, of 80 columns, or a phone's."""

import re

import pytest

from engine.judging.verdict_document import judge
from engine.reporting import terminal
from engine.reporting.display import Display
from engine.tests.questions import probability, question

COLOR = re.compile(r"\033\[[0-9;]*m")
GOOD, POOR = probability(), probability(noise=4.0)


def worse(width: int, color: bool = False) -> list[str]:
    inputs = question(
        POOR, control=GOOD, champion=GOOD, references={"control": "improve", "champion": "improve"}
    )
    verdict, _ = judge(inputs)
    verdict["warnings"] = [{"check": "drift", "message": "a warning that goes on and on " * 5, "column": ""}]
    return terminal.render(verdict, color, width).splitlines()


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("width", [100, 80, 60, 40])
def test_no_line_is_wider_than_the_screen(width: int, color: bool) -> None:
    lines = [COLOR.sub("", line) for line in worse(width, color)]

    assert max(map(len, lines)) <= width


def test_80_columns_have_bars_and_a_scale() -> None:
    drawn = [line for line in worse(80) if "●" in line]

    assert len(drawn) >= 2
    assert all(line.endswith(("✓", "↓", "✗")) for line in drawn)
    assert "│ zero" in "\n".join(worse(80))


def test_40_columns_have_every_number_and_mark_without_bars() -> None:
    wide, narrow = worse(100), worse(40)

    def numbers(lines: list[str]) -> list[str]:
        return re.findall(r"[+−][\d.]+ \[[^]]*\]", " ".join("\n".join(lines).split()))

    assert numbers(narrow) == numbers(wide)
    assert "●" not in "".join(narrow)
    assert "│ zero" not in "".join(narrow)
    assert [line.split()[0] for line in narrow if line.startswith("  ✗")] == ["✗"] * "".join(wide).count("✗")


def test_a_file_is_as_wide_as_lines_get(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with (tmp_path / "log").open("w") as log:
        assert Display.of(log) == Display(color=False, width=100)
