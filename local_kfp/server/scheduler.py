"""Starts the runs of recurring runs when they are due."""

import functools
import json
import re
import uuid
import zlib

from local_kfp.server.macros import Macros
from local_kfp.server.resources import NewRun, RecurringRun, Source
from local_kfp.server.schedules import next_time
from local_kfp.server.server import Server
from local_kfp.server.task_details import FINAL_STATES

TICK_SECONDS = 0.25
_SLUG_LENGTH = 25


async def start_due_runs(server: Server) -> None:
    """Start the runs that are due; a recurring run whose run cannot start does not hold up the others."""
    enabled: list[RecurringRun] = server.store.query("SELECT * FROM recurring_runs WHERE mode = 'ENABLE'")
    schedules = {f"{row['display_name']} ({row['recurring_run_id']})": row for row in enabled}
    await server.background.each("recurring run", schedules, functools.partial(_start_if_due, server))


def next_run_time(server: Server, schedule: RecurringRun) -> int | None:
    return next_time(
        schedule["trigger"],
        schedule["created_at"],
        schedule["local_last_triggered_at"],
        server.clock.now(),
        schedule["no_catchup"],
        server.zone,
    )


async def _start_if_due(server: Server, schedule: RecurringRun) -> None:
    """Start the next run if it is due and fewer than max_concurrency are running."""
    identity, due = schedule["recurring_run_id"], next_run_time(server, schedule)
    if due is None or due > server.clock.now():
        return
    if _count_running(server, identity) >= int(schedule["max_concurrency"]):
        return
    index = schedule["local_last_index"] + 1
    name = _run_name(schedule, index)
    # A run of this name was started by a server that was killed before it could store that.
    same_name = "SELECT 1 FROM runs WHERE recurring_run_id = ? AND display_name = ?"
    if not server.store.query(same_name, identity, name):
        await _start(server, schedule, name, due, index)
    server.store.update("recurring_runs", identity, local_last_triggered_at=due, local_last_index=index)


async def _start(server: Server, schedule: RecurringRun, name: str, due: int, index: int) -> None:
    pipeline, source = server.source_of(_source(schedule))
    run_id, now = str(uuid.uuid4()), server.clock.now()
    # If no version is pinned, the real server creates the run through its API, which expands macros; a
    # pinned one gets the parameters as they are.
    reference = schedule["pipeline_version_reference"]
    pinned = not reference or "pipeline_version_id" in reference
    macros = Macros(run_id, now)
    config = schedule["runtime_config"] or {}
    parameters = config.get("parameters", {})
    if not pinned:
        parameters = json.loads(macros.expand(json.dumps(parameters, ensure_ascii=False)))
    run: NewRun = {
        "run_id": run_id,
        "experiment_id": schedule["experiment_id"],
        "recurring_run_id": schedule["recurring_run_id"],
        "display_name": name,
        "description": "",
        "service_account": schedule["service_account"],
        "runtime_config": {**config, "parameters": parameters},
        "scheduled_at": due,
    }
    await server.launch(pipeline, source, run, parameters)


def _source(schedule: RecurringRun) -> Source:
    if reference := schedule["pipeline_version_reference"]:
        return {"pipeline_version_reference": reference}
    return {"pipeline_spec": schedule["pipeline_spec"] or {}}


def _count_running(server: Server, identity: str) -> int:
    final = ", ".join(f"'{state}'" for state in FINAL_STATES)
    return len(
        server.store.query(
            f"SELECT 1 FROM runs WHERE recurring_run_id = ? AND state NOT IN ({final})", identity
        )
    )


def _run_name(schedule: RecurringRun, index: int) -> str:
    """The name of the run with this number; it is always the same."""
    slug = re.sub("[^a-z0-9]+", "-", schedule["display_name"].lower())[:_SLUG_LENGTH].strip("-")
    name = f"{slug}{schedule['recurring_run_id'][:5]}-{index}"
    return f"{name}-{zlib.crc32(name.encode())}"
