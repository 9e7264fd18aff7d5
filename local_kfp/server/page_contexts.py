"""The contexts of the page's templates, runs.html and run.html."""

from typing import Literal, TypedDict

from local_kfp.json_types import Struct
from local_kfp.server.graph_picture import GraphPicture


class Tile(TypedDict):
    """A task in the list of runs."""

    name: str
    state: str


class Outcome(TypedDict):
    """An output parameter of a task that is true or false, such as whether a check passed."""

    name: str
    value: Literal["true", "false"]


class RunSummary(TypedDict):
    """`live` if the run has not ended."""

    id: str
    name: str
    state: str
    live: bool
    created: str
    duration: str
    archived: bool


class ListedRun(RunSummary):
    tasks: list[Tile]
    outcomes: list[Outcome]


class ListedSchedule(TypedDict):
    """A recurring run; with neither `cron` nor `interval`, in seconds, it runs once."""

    display_name: str
    status: str
    enabled: bool
    cron: str
    interval: str
    next: str


class RunsContext(TypedDict):
    """`live` if the page can change by itself.

    `failures` is what fails in the background, such as a run that cannot start.
    """

    live: bool
    runs: list[ListedRun]
    schedules: list[ListedSchedule]
    failures: list[str]


class ShownArtifact(TypedDict):
    """No `link` if the artifact is no file of the run's folder."""

    name: str
    uri: str
    link: str | None
    is_report: bool


class ShownTask(TypedDict):
    """A task, `depth` levels below the run; `parameters` are values of its outputs."""

    task_id: str
    name: str
    state: str
    log: str | None
    error: str | None
    depth: int
    is_parent: bool
    duration: str
    parameters: Struct
    artifacts: list[ShownArtifact]


class RunContext(TypedDict):
    """`live` as in RunsContext; no `graph` if the pipeline's specification is not a graph."""

    live: bool
    graph: GraphPicture | None
    run: RunSummary
    tasks: list[ShownTask]
    reports: list[ShownArtifact]
    reasons: list[str]
    parameters: Struct


class ComparedParameter(TypedDict):
    """Its values in both runs, as text; empty if a run has none."""

    name: str
    texts: list[str]


class ComparedTask(TypedDict):
    """A task in both runs, None if a run has none, and the output parameters that differ."""

    name: str
    tasks: list[ShownTask | None]
    differing: list[str]


class Comparison(TypedDict):
    """Of two runs: the parameters that differ, and how many are equal."""

    runs: list[RunSummary]
    parameters: list[ComparedParameter]
    equal: int
    tasks: list[ComparedTask]


class ComparisonContext(TypedDict):
    """No comparison unless two runs are chosen."""

    live: bool
    comparison: Comparison | None
