"""Lay out text on the screen that shows it: its colors and its columns."""

import os
import shutil
import textwrap
from dataclasses import dataclass
from typing import TextIO

from engine.wording.text import MARKS, DrawnRow, Tone, bar, printable, scale, signed

GREEN, RED, YELLOW, DIM, BOLD, BADGE = "32", "31", "33", "2", "1", "7"
COLORS: dict[Tone, str] = {"good": GREEN, "open": YELLOW, "bad": RED}
WIDEST = 100
NAME, INTERVAL = 19, 27  # columns of a row's name and of its interval
BAR = 2 + NAME + 1 + INTERVAL + 1  # the column where a bar begins
NARROWEST_BAR = 24  # a narrower one shows no more than the numbers do


def shows_colors(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that colors, which the person at it did not switch off."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


@dataclass(frozen=True)
class Display:
    """A screen `width` columns wide; without `color` its text is plain."""

    color: bool = False
    width: int = WIDEST

    @classmethod
    def of(cls, stream: TextIO) -> "Display":
        """The terminal that `stream` writes to; a file or pipe is as wide as lines get."""
        columns = shutil.get_terminal_size((WIDEST, 1)).columns if stream.isatty() else WIDEST
        return cls(shows_colors(stream), min(columns, WIDEST))

    def paint(self, text: str, *codes: str) -> str:
        """`text` in the colors of `codes`, if there are any here."""
        return f"\033[{';'.join(codes)}m{text}\033[0m" if self.color else text

    def wrap(self, text: str, indent: str = "") -> list[str]:
        return textwrap.wrap(text, self.width, initial_indent=indent, subsequent_indent=indent)

    def labelled(self, kind: str, message: str) -> list[str]:
        """A message after the word that says what kind it is."""
        first, *others = self.wrap(f"{kind}: {message}")
        return [self.paint(kind, YELLOW) + first.removeprefix(kind), *others]

    def mark(self, tone: Tone) -> str:
        return self.paint(MARKS[tone], COLORS[tone])

    def row(self, name: str, value: str, tone: Tone, picture: str = "") -> list[str]:
        """A name, its value, a picture of it and a mark: one line, or two on a narrow screen."""
        if 2 + NAME + 1 + max(INTERVAL, len(value)) + 2 > self.width:
            return [
                f"  {self.mark(tone)} {name[: self.width - 4]}",
                *self.wrap(" ".join(value.split()), "    "),
            ]
        drawn = f"{value:<{INTERVAL}} {self.paint(picture, COLORS[tone])}" if picture else value
        return [f"  {name[:NAME]:<{NAME}} {drawn} {self.mark(tone)}"]

    def forest(self, title: str, rows: list[DrawnRow], margin: float) -> list[str]:
        """Intervals under a title, on one scale; only their numbers if a bar has too few columns."""
        low, high = scale(rows, margin)
        columns = min(42, self.width - BAR - 2)
        bars = [bar(row, low, high, margin, columns) if columns >= NARROWEST_BAR else "" for row in rows]
        lines = self.heading(title, legend(low, high, margin) if any(bars) else "")
        for row, picture in zip(rows, bars, strict=True):
            lines += self.row(printable(row["name"]), row["text"], row["tone"], picture)
        return lines

    def heading(self, title: str, scale: str) -> list[str]:
        """A title, and the scale of the bars above them, if it has space there."""
        space = BAR - len(title)
        if space > 0 and BAR + len(scale) <= self.width:
            return [f"{self.paint(title, BOLD)}{' ' * space}{self.paint(scale, DIM)}".rstrip()]
        return [self.paint(line, BOLD) for line in self.wrap(title)] + [
            self.paint(line, DIM) for line in self.wrap(scale, "  ")
        ]


def legend(low: float, high: float, margin: float) -> str:
    """What the bars of a forest span, and what their two signs stand for."""
    ends = f"{signed(low)} to {signed(high)}, │ zero"
    return f"{ends}, ┊ margin {signed(-margin)}" if margin else ends
