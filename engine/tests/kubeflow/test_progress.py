import io

import pytest

from engine.kubeflow.progress import Progress
from engine.kubeflow.runs import Task


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "in_place"),
    [
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {"TERM": "xterm"}, False),
    ],
)
def test_only_a_terminal_that_colors_is_drawn_on_in_place(
    stream: type[io.StringIO], environment: dict[str, str], in_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    screen = stream()
    progress = Progress(screen)
    for state in ("RUNNING", "SUCCEEDED"):
        progress([Task("1", "train-model", state, "", ())])
    assert ("\x1b[1A" in screen.getvalue()) == in_place  # the running line is taken back
    assert "train-model" in screen.getvalue()


def test_notes_stay_above_the_lines_that_are_drawn_again() -> None:
    screen = Terminal()
    progress = Progress(screen)
    progress.in_place = True
    running = [Task("1", "train-model", "RUNNING", "", ())]
    progress(running)
    progress(running, ["train-model waits: no node"])
    _, redrawn = screen.getvalue().split("\x1b[1A\x1b[J")
    note, line, _ = redrawn.split("\n")
    assert note == "train-model waits: no node"
    assert "train-model" in line
