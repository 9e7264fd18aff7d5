"""The story document, story.json: what each step came to, and the figures of the champions, for the page."""

from typing import Literal, TypedDict

from engine.documents.keywords import MetricName
from engine.wording.text import Interval, Tone

Series = Literal["champion", "frozen", "apart"]
"""The models in production, the first one left in place, and champion minus first model."""


class Link(TypedDict):
    """`href` is relative to the page."""

    title: str
    href: str


class StepOutcome(TypedDict):
    """A step with what it came to; `champion` is the version afterwards, "" if there is none."""

    number: int
    day: str
    title: str
    why: str
    commands: list[str]
    change: str
    word: str
    outcome: str
    reason: str
    tone: Tone
    status: int
    seconds: float
    links: list[Link]
    champion: str
    moved: bool


class Figure(TypedDict):
    """In the metric's unit; ends may be infinite."""

    value: float
    lower: float
    upper: float


class Stretch(TypedDict):
    """The models' figures on the rows from `start` up to `end`; nothing apart while the first is champion."""

    start: str
    end: str
    version: str
    rows: int
    champion: Figure
    frozen: Figure
    apart: Figure | None


class SinceReplaced(Interval):
    """Means of the weeks in which another than the first model was champion, and their difference."""

    champion: float
    frozen: float
    weeks: int


class YearMetric(TypedDict):
    name: MetricName
    title: str
    higher_is_better: bool


class YearPerformance(TypedDict):
    """Periods are about four weeks of one champion; null if there were not two weeks of a later one."""

    metric: YearMetric
    confidence: float
    weeks: list[Stretch]
    periods: list[Stretch]
    since_replaced: SinceReplaced | None


class StoryDocument(TypedDict):
    """The steps in their order, and the champions' figures; null if there is not even a week of them."""

    steps: list[StepOutcome]
    performance: YearPerformance | None
    seconds: float
