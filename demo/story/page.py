"""Draw the story as one page that needs nothing else: the champion's year, and each step with its verdict."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo.story.story_document import StoryDocument
from demo.story.year_picture import day, year_picture
from engine.reporting import verdict_report as report
from engine.wording import text

TEMPLATES = Path(__file__).parent / "templates"
SHARED = Path(report.__file__).parent / "templates"


def render(story: StoryDocument) -> str:
    templates = Environment(
        loader=FileSystemLoader([TEMPLATES, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"signed": text.signed, "unsigned": text.unsigned, "day": day}
    steps, performance = story["steps"], story["performance"]
    return templates.get_template("index.html").render(
        steps=[step | {"lines": change_lines(step["change"])} for step in steps],
        clock=clock(story["seconds"]),
        performance=performance,
        picture=year_picture(performance, steps) if performance else None,
    )


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def change_lines(change: str) -> list[tuple[str, str]]:
    """Kind and text of each line of a patch that a reader wants to see."""
    kinds = {"+++": "file", "---": "", "dif": "", "@@ ": "gap"}
    lines = []
    for line in change.splitlines():
        kind = kinds.get(line[:3], {"+": "added", "-": "removed"}.get(line[:1], "same"))
        if kind:
            lines.append((kind, line[6:] if kind == "file" else "⋯" if kind == "gap" else line))
    return lines
