"""Shows the tasks of a run as they change: in place on a terminal, a line for each change elsewhere."""

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from engine.reporting.display import shows_colors

if TYPE_CHECKING:
    from engine.kubeflow.runs import Task

LOOKS = {  # symbol and color
    "RUNNING": ("▸", 36),
    "SUCCEEDED": ("✓", 32),
    "FAILED": ("✗", 31),
    "SKIPPED": ("–", 90),
    "CANCELED": ("■", 33),
}


class Progress:
    """Call it with all tasks of a run whenever they may have changed, and with lines to show above them."""

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stdout
        self.in_place = shows_colors(self.stream)
        self._shown: dict[str, str] = {}
        self._begun: dict[str, float] = {}
        self._asked = time.monotonic()
        self._moving = 0  # lines at the bottom of the terminal that will be drawn again

    def __call__(self, tasks: list["Task"], notes: Sequence[str] = ()) -> None:
        text = f"\x1b[{self._moving}A\x1b[J" if self._moving else ""
        changed = [task for task in tasks if task.state in LOOKS and self._shown.get(task.id) != task.state]
        for task in changed:
            self._shown[task.id] = task.state
            # Since it was last asked: a server's own times are whole seconds.
            self._begun.setdefault(task.id, self._asked)
        self._asked = time.monotonic()
        moving = [task for task in tasks if self.in_place and task.state == "RUNNING"]
        settled = [task for task in changed if task not in moving]
        text += "".join(f"{note}\n" for note in notes)
        text += "".join(self._line(task) for task in (*settled, *moving))
        self._moving = len(moving)
        self.stream.write(text)
        self.stream.flush()

    def _line(self, task: "Task") -> str:
        symbol, color = LOOKS[task.state]
        timed = task.state != "SKIPPED" and (self.in_place or task.state != "RUNNING")
        seconds = f"{self._asked - self._begun[task.id]:6.1f} s" if timed else ""
        state = "" if self.in_place else f"{task.state.lower():<10}"
        line = f"{symbol} {state}{task.name:<40}{seconds}".rstrip()
        if not self.in_place:
            return f"{line}\n"
        # A line that wraps could not be taken back as one.
        return f"\x1b[{color}m{line[: shutil.get_terminal_size().columns - 1]}\x1b[0m\n"
