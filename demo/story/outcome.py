"""What a step came to, in the words of the documents that its last command left."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.story.story import Step
from demo.story.story_document import Link
from engine.command_line import WorldError
from engine.documents import files
from engine.documents.monitor_decision import Decision
from engine.documents.verdict import Verdict
from engine.documents.verdicts import read_verdict
from engine.metrics.metrics import title_of
from engine.model_registry.model_registry import ModelRegistry
from engine.predictions.predictions import Predictions
from engine.reporting import monitoring_terminal as terminal
from engine.settings import settings
from engine.wording.text import Tone, unsigned


@dataclass(frozen=True)
class Outcome:
    word: str
    outcome: str
    reason: str
    tone: Tone
    """good, open or bad."""
    reports: tuple[tuple[str, Path], ...] = ()
    """Title and file, the newest of their kind: the next command of the same name replaces them."""


class Project:
    """The project that the story happens in, as its commands leave it."""

    def __init__(self, root: Path):
        self.root = root
        self.settings = settings.load(root / "mlops.yaml")

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry((self.root / ".mlops/models").as_uri(), self.settings.model)

    def champion(self) -> str:
        """The version in production; "" if there is none."""
        champion = self.registry.champion()
        return champion["version"] if champion else ""

    def outcome(self, step: Step) -> Outcome:
        return TELLERS[step.tells](self, step)


def judged(project: Project, step: Step) -> Outcome:
    folder = project.root / "build" / step.tells
    return of_verdict(read_verdict(folder / "verdict.json"), (("report", folder / "report.html"),))


def of_verdict(verdict: Verdict, reports: tuple[tuple[str, Path], ...]) -> Outcome:
    tone: Tone = "good" if verdict["passed"] else "open" if verdict["verdict"] == "INCONCLUSIVE" else "bad"
    outcome = "passes" if verdict["passed"] else "does not pass"
    return Outcome(verdict["verdict"], outcome, verdict["reason"], tone, reports)


def monitored(project: Project, step: Step) -> Outcome:
    folder = project.root / "build/monitor"
    decision = files.read(folder / "decision.json", Decision)
    reports: tuple[tuple[str, Path], ...] = (("report", folder / "monitoring.html"),)
    reason, outcome = decision["reason"], terminal.OUTCOMES[decision["decision"]]
    if decision["alarm"] and decision["start"] == "nested":
        trained = of_verdict(read_verdict(folder / "training/verdict.json"), ())
        then = "it takes over" if trained.tone == "good" else "the champion stays"
        outcome = f"a new model is trained, and it is {trained.word}: {then}"
        reason = f"{reason} The gate on the new model: {trained.reason}"
        reports += (("report of the training", folder / "training/report.html"),)
    return Outcome(decision["decision"], outcome, reason, terminal.tone(decision), reports)


def predicted(project: Project, step: Step) -> Outcome:
    predictions = Predictions((project.root / ".mlops/predictions").as_uri(), project.settings.model)
    manifest = predictions.manifest(str(step.day))
    if manifest is None:
        raise WorldError(f"{predictions.uri}: expected the predictions of {step.day}, found none")
    rows = manifest["rows"]
    file = Path(predictions.uri_of(str(step.day), "manifest.json").removeprefix("file://"))
    return Outcome(
        "PREDICTED",
        f"{rows['predicted']:,} of {rows['listed']:,} flights",
        f"{rows['predicted']:,} of {rows['listed']:,} rows predicted by version"
        f" {manifest['model_version'][:12]}, {rows['rejected']:,} rejected.",
        "open" if rows["rejected"] else "good",
        (("manifest", file),),
    )


def rolled_back(project: Project, step: Step) -> Outcome:
    move = project.registry.history(1)[0]
    metric = project.settings.metric.name
    figure, reason = unsigned(move["metrics"].get(metric)), move["reason"]
    before, now = move["previous"][:12], move["version"][:12]
    return Outcome(
        "ROLLED BACK",
        f"version {now} is the champion again",
        f"{reason[:1].upper()}{reason[1:]}. From version {before} back to {now}, which had passed the gate"
        f" with {title_of(metric)} {figure}.",
        "open",
    )


TELLERS: dict[str, Callable[[Project, Step], Outcome]] = {
    "gate": judged,
    "promote": judged,
    "monitor": monitored,
    "predict": predicted,
    "roll_back": rolled_back,
}


def copy_reports(outcome: Outcome, folder: Path, number: int) -> list[Link]:
    """Copies of the reports in `folder`, as the page links to them."""
    links: list[Link] = []
    for title, file in outcome.reports:
        name = f"{number:02}-{title.replace(' ', '-')}{file.suffix}"
        shutil.copy(file, folder / name)
        links.append({"title": title, "href": f"{folder.name}/{name}"})
    return links
