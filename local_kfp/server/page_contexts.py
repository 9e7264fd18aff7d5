"""The contexts of the page's templates, runs.html and run.html."""

from typing import TypedDict

from local_kfp.json_types import Struct


class Tile(TypedDict):
    """A task in the list of runs."""

    name: str
    state: str


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


class ListedSchedule(TypedDict):
    """A recurring run; with neither `cron` nor `interval`, in seconds, it runs once."""

    display_name: str
    status: str
    enabled: bool
    cron: str
    interval: str
    next: str


class RunsContext(TypedDict):
    """`refresh` is the number of seconds after which the page loads again, if it does.

    `failures` is what fails in the background, such as a run that cannot start.
    """

    refresh: int | None
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
    """`refresh` as in RunsContext."""

    refresh: int | None
    run: RunSummary
    tasks: list[ShownTask]
    reports: list[ShownArtifact]
    reasons: list[str]
    parameters: Struct
