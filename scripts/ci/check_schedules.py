"""Check that each declared recurring run is on the endpoint, and that its last due run succeeded."""

import argparse
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.command_line import Finding, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client
    from engine.settings.schedules_schema import Schedule

PIPELINES = ("training", "monitoring", "inference")
LATE_AFTER = 60  # minutes
RESULTS = Path("build/train")
VERDICTS = {"training": "results_uri", "monitoring": "training_results_uri"}
"""The parameters that say where a run leaves its verdict; a monitoring run has one after an alarm."""


def main() -> int:
    arguments = _parser().parse_args()
    if not os.environ.get("KUBEFLOW_HOST"):
        print("KUBEFLOW_HOST is not set: there is no recurring run to check")
        return 0

    from engine.gate import judged_run
    from engine.kubeflow import recurring_runs
    from engine.kubeflow.endpoint import connect
    from engine.settings.settings import load

    root = Path.cwd()
    settings = load(root / "mlops.yaml")
    problems = []
    judged_run.clear(root / RESULTS)
    with connect(root) as client:
        existing = recurring_runs.ours(client, settings.model)
        recurring_runs.expect_time_zone(client, settings.schedules, existing)
        for name, schedule in settings.schedules.runs.items():
            if not schedule.enabled or arguments.pipeline not in (None, schedule.pipeline):
                continue
            zone = settings.schedules.time_zone
            lines = list(_problems(client, schedule, zone, existing.get(name, []), arguments.late_after))
            for line in lines or ["its last run is well, or not due yet"]:
                print(f"{name}: {line}", flush=True)
                add_summary(f"- {name}: {line}\n")
            problems += [f"{name}: {line}" for line in lines]
    if problems:
        raise Finding("; ".join(problems))
    return 0


def _problems(
    client: "Client", schedule: "Schedule", zone: str, existing: list[Any], late_after: int
) -> Iterator[str]:
    """What a person should look at."""
    from engine.kubeflow import kfp_lists, recurring_runs
    from engine.kubeflow.runs import FINAL
    from engine.settings import cron_times

    enabled = [each for each in existing if recurring_runs.is_enabled(each)]
    if not enabled:
        state = "found none that is enabled" if existing else "found none"
        yield f"missing: expected a recurring run, {state}; reconcile_schedules makes it"
        return
    due = cron_times.last_due(schedule.cron, zone, cron_times.now() - timedelta(minutes=late_after))
    last = kfp_lists.newest_run_of(client, enabled[-1])
    if enabled[-1].created_at < due and (last is None or last.scheduled_at < due):
        newest = f"{last.display_name} of {last.scheduled_at:%Y-%m-%d %H:%M}" if last else "none"
        yield f"late: expected a run of {due:%Y-%m-%d %H:%M} UTC, found {newest}"
    if last is None or last.state not in FINAL:
        return
    url = f"{client.host}/#/runs/details/{last.run_id}"
    if last.state != "SUCCEEDED":
        yield f"failed: expected {last.display_name} to succeed, found {last.state}: {url}"
    elif schedule.pipeline in VERDICTS:
        yield from _loss(last, schedule.pipeline, url)


def _loss(last: Any, pipeline: str, url: str) -> Iterator[str]:
    """A run whose candidate lost has succeeded; its verdict tells, and its report is left in `RESULTS`."""
    from engine.gate import judged_run
    from engine.reporting.results import own_folder

    RESULTS.mkdir(parents=True, exist_ok=True)
    uri = own_folder(last.runtime_config.parameters[VERDICTS[pipeline]], last.run_id)
    verdict = judged_run.read_verdict(uri, RESULTS.absolute())
    if verdict is None and pipeline == "monitoring":
        return  # there was no alarm
    if verdict is None:
        yield f"unknown: expected the verdict of {last.display_name} at {uri}, found none: {url}"
    elif not verdict["passed"]:
        yield f"lost: the new model is {verdict['verdict']}, and the champion stays: {url}"


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("pipeline", nargs="?", choices=PIPELINES, help="default: all")
    options.add_argument(
        "--late-after", type=int, default=LATE_AFTER, metavar="MINUTES", help="default: %(default)s"
    )
    return options


if __name__ == "__main__":
    run(main)
