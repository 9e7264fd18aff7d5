"""What the clock costs in a copy in which nothing is set and nothing happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import yaml
from croniter import croniter

from engine.tests.project import ROOT
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Runner
from engine.tests.workflows.granted import granted

ON_REQUEST = {"cluster"}
"""Workflows that start no job on their schedule unless a variable of the repository asks for it."""
MOST = 60  # minutes a month: GitHub bills each job that starts by whole minutes
MONTH = (datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))  # 31 days, 5 Mondays


def test_an_idle_copy_costs_at_most_an_hour_a_month(
    on_github: Callable[..., Runner], github_api: GitHubApi
) -> None:
    github, minutes = on_github(), {}
    github_api.workflows = {path.name: set() for path in (ROOT / ".github/workflows").glob("*.yml")}
    for workflow, (crons, jobs) in scheduled().items():
        minutes[workflow] = 0
        allowed = granted(github_api, *(f"{workflow}/{job}" for job in jobs))
        for cron in crons:
            event = github.origin.on_main("schedule", {"schedule": cron})
            run = github.run(f"{workflow}.yml", event, **allowed)
            assert run.status == 0, run.printed
            started = sum(len(each) for each in run.jobs.values())
            assert bool(started) == (workflow not in ON_REQUEST), f"{workflow} ran {started} jobs"
            disabled = f"{workflow}.yml" in github_api.disabled
            minutes[workflow] += started * (1 if disabled else times_a_month(cron))
    assert github_api.dispatches == [], "another workflow was started"
    assert sum(minutes.values()) <= MOST, minutes
    total = f"**{sum(minutes.values())} job minutes** a month"
    assert total in (ROOT / "docs/operating.md").read_text(), minutes


def scheduled() -> dict[str, tuple[list[str], list[str]]]:
    """The scheduled workflows: their schedules and jobs."""
    found = {}
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        document = yaml.safe_load(path.read_text())
        events = document[True]  # as YAML 1.1 reads `on`
        if "schedule" in events:
            found[path.stem] = [each["cron"] for each in events["schedule"]], [*document["jobs"]]
    return found


def times_a_month(cron: str) -> int:
    start, end = MONTH
    clock, times = croniter(cron, start - timedelta(minutes=1)), 0
    while clock.get_next(datetime) < end:
        times += 1
    return times
