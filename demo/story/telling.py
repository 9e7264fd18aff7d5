"""Tell the story: run each step's commands in a project of its own, and keep what they came to."""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TextIO

from demo.story.outcome import Outcome, Project, copy_reports
from demo.story.story import CHANGES, Step
from demo.story.story_document import Link, StepOutcome
from engine.command_line import Finding, SettingsError, WorldError
from engine.reporting.display import BOLD, COLORS, DIM, Display
from engine.wording.text import printable

# The story has stores, an endpoint and a git history of its own, whatever the user's own are.
NOT_PASSED_ON = ("GIT_", "GITHUB_", "KUBEFLOW_", "MODEL_REGISTRY_URI", "PREDICTIONS_URI", "RESULTS_URI")
# The demo's files, and the places of a project's own.
DEMO_FILES = {
    "demo/mlops.yaml": "mlops.yaml",
    "demo/features.py": "components/build_features/features.py",
    "demo/metrics.py": "components/metrics.py",
}
LAST_LINES = 15
INDENT = " " * 8


def new_project(folder: Path, root: Path) -> Path:
    """A copy of what is committed in `root`, with the flights and no history, below the emptied `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    project = folder / "project"
    for new_folder in (project, folder / "reports", folder / "logs"):
        new_folder.mkdir(parents=True)
    shutil.copytree(CHANGES, folder / "changes")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=root, capture_output=True)
    if archive.returncode:
        raise WorldError(f"git archive HEAD: {archive.stderr.decode().strip()}")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(project, filter="data")
    for demo, place in DEMO_FILES.items():
        shutil.copy(project / demo, project / place)
    return project


class Telling:
    """Runs the steps one after the other, and shows them on `screen`."""

    def __init__(self, folder: Path, project: Path, steps: Iterable[Step], screen: TextIO = sys.stdout):
        self.folder, self.root = folder, project
        self.steps = list(steps)
        self.screen, self.display = screen, Display.of(screen)
        self.started = time.monotonic()

    def begin(self, day: date) -> None:
        """The first commit, of a project that the story's first change can be made to."""
        log = self.folder / "logs/00.log"
        for command in (
            "git init --quiet --initial-branch main",
            "git add --all",
            'git commit --quiet --message "Use this template"',
        ):
            if status := self.run(command, day, log):
                raise failed(f"{command}: expected exit status 0, found {status}", status, log)
        first = next((step.change for step in self.steps if step.change), "")
        if first and self.run(f"git apply --check ../changes/{first}.patch", day, log):
            refusal = log.read_text().splitlines()[-1]
            raise SettingsError(f"expected the model that the template comes with, found another: {refusal}")

    def tell(self) -> list[StepOutcome]:
        outcomes: list[StepOutcome] = []
        for number, step in enumerate(self.steps, 1):
            outcomes.append(self.step(number, step, outcomes[-1]["champion"] if outcomes else ""))
        return outcomes

    def step(self, number: int, step: Step, champion: str) -> StepOutcome:
        """What the step came to; Finding or WorldError if it is not what the story tells."""
        log = self.folder / f"logs/{number:02}.log"
        self.say(f"[{number:>2}/{len(self.steps)}] {elapsed(self.started)}  {step.day}  {step.title}", BOLD)
        begun = time.monotonic()
        for command in step.commands:
            self.say(f"{INDENT}$ {command}", DIM)
            expected = step.status if command == step.commands[-1] else 0
            status = self.run(command, step.day, log)
            if status != expected:
                problem = f"step {number}: {command}: expected exit status {expected}, found {status}"
                raise failed(problem, status, log)
        seconds = time.monotonic() - begun
        project = Project(self.root)
        result = project.outcome(step)
        self.conclude(result, seconds)
        if result.word != step.ends:
            raise Finding(f"step {number}: expected {step.ends}, found {result.word}: {result.reason}")
        champion_after = project.champion()
        change = (CHANGES / f"{step.change}.patch").read_text() if step.change else ""
        return {
            "number": number,
            "day": str(step.day),
            "title": step.title,
            "why": step.why,
            "commands": list(step.commands),
            "change": change,
            "word": result.word,
            "outcome": result.outcome,
            "reason": result.reason,
            "tone": result.tone,
            "status": status,
            "seconds": round(seconds, 1),
            "links": [*copy_reports(result, self.folder / "reports", number), link_to(log)],
            "champion": champion_after,
            "moved": champion_after != champion,
        }

    def run(self, command: str, day: date, log: Path) -> int:
        """Exit status; what the command says goes to `log`, and on a terminal its newest line is seen."""
        process = subprocess.Popen(
            shlex.split(command),
            cwd=self.root,
            env=environment(day),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process, log.open("a") as lines:
            lines.write(f"$ {command}\n")
            try:
                for line in process.stdout or ():
                    lines.write(line)
                    self.glance(line)
            except BaseException:
                process.terminate()  # it ends its run, and its server with it
                raise
        self.glance("")
        return process.returncode

    def conclude(self, result: Outcome, seconds: float) -> None:
        badge = self.display.paint(result.word, BOLD, COLORS[result.tone])
        self.say(
            f"{INDENT}{badge} {self.display.paint(result.outcome, COLORS[result.tone])}, {seconds:.1f} s"
        )
        for line in self.display.wrap(printable(result.reason), INDENT):
            self.say(line)

    def say(self, text: str, *codes: str) -> None:
        print(self.display.paint(text, *codes) if codes else text, file=self.screen, flush=True)

    def glance(self, line: str) -> None:
        """Show a line in place of the one before; an empty one takes it away."""
        if self.display.color:
            width = shutil.get_terminal_size().columns - 1
            text = f"{INDENT}{elapsed(self.started)}  {printable(line.strip())}" if line.strip() else ""
            self.screen.write(f"\r\033[K{self.display.paint(text[:width], DIM)}")
            self.screen.flush()


def elapsed(started: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"{minutes}:{seconds:02}"


def environment(day: date) -> dict[str, str]:
    """What a command gets: this very Python, and an author's name and date for commits."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    person: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        person[f"GIT_{role}_NAME"], person[f"GIT_{role}_EMAIL"] = "Ada", "ada@example.com"
        person[f"GIT_{role}_DATE"] = f"{day}T09:00:00Z"
    path = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
    return own | person | {"PATH": path, "PYTHONUNBUFFERED": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def failed(problem: str, status: int, log: Path) -> Exception:
    """A finding if a verdict is not the expected one, else an error of the world."""
    output = "\n".join(f"  {line}" for line in log.read_text().splitlines()[-LAST_LINES:])
    return (Finding if status in (0, 1) else WorldError)(f"{problem}; it said last:\n{output}")


def link_to(log: Path) -> Link:
    return {"title": "what it printed", "href": f"{log.parent.name}/{log.name}"}
