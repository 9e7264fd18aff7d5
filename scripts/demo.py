"""Replay the year 2013: a champion, pull requests, an alarm, a roll-back, and a page that shows them."""

import argparse
import json
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from engine.command_line import SettingsError, day, parser, run

if TYPE_CHECKING:
    from demo.story.story_document import StepOutcome, StoryDocument, YearPerformance

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "demo"


def main() -> int:
    """Exit status 1: a step turned out otherwise than the story tells."""
    arguments = _parser().parse_args()

    from demo.story.story import END, STORY
    from demo.story.telling import Telling, new_project
    from engine.command_line.signals import sigterm_exits

    steps = [step for step in STORY if step.day <= arguments.until]
    if not steps:
        raise SettingsError(f"--until: expected {STORY[0].day} or later, found {arguments.until}")
    started = time.monotonic()
    with sigterm_exits():
        project = new_project(FOLDER, ROOT)
        telling = Telling(FOLDER, project, steps)
        telling.say(f"the last commit of this checkout lives through 2013 in {project}\n")
        telling.begin(steps[0].day)
        outcomes = telling.tell()
        telling.say("\nscoring every champion of the year, week by week")
        performance = measured(project, outcomes, min(END, arguments.until))
    seconds = round(time.monotonic() - started, 1)
    story: StoryDocument = {"steps": outcomes, "performance": performance, "seconds": seconds}
    page = write(story)
    telling.say(summary(story))
    telling.say(f"page: {page.as_uri()}")
    return 0


def measured(project: Path, outcomes: "list[StepOutcome]", end: date) -> "YearPerformance | None":
    """The champions' figures up to `end`; None if that is not even a week."""
    from demo.story.outcome import Project
    from demo.story.performance import WEEK, performance

    champions = [(date.fromisoformat(step["day"]), step["champion"]) for step in outcomes if step["moved"]]
    if not champions or champions[0][0] + WEEK > end:
        return None
    with TemporaryDirectory() as scored:
        return performance(Project(project), champions, end, Path(scored))


def write(story: "StoryDocument") -> Path:
    from demo.story import page

    (FOLDER / "story.json").write_text(json.dumps(story, indent=2))
    path = FOLDER / "index.html"
    path.write_text(page.render(story))
    return path


def summary(story: "StoryDocument") -> str:
    """The year in two lines."""
    from engine.wording.text import interval, unsigned

    duration = f"{len(story['steps'])} steps in {story['seconds']:.0f} s"
    performance = story["performance"]
    since = performance and performance["since_replaced"]
    if not performance or not since:
        return duration
    return (
        f"{duration}\nmean weekly {performance['metric']['title']} in {since['weeks']} weeks: champion"
        f" {unsigned(since['champion'])}, first model left in place {unsigned(since['frozen'])};"
        f" {interval(since)}"
    )


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--until",
        type=day,
        default=date(2014, 1, 1),
        metavar="DAY",
        help="tell the story up to this day only (default: the end of the year)",
    )
    return options


if __name__ == "__main__":
    run(main)
