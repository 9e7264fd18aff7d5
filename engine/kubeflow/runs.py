"""Runs on the endpoint: start one, follow it to its end, and leave none behind."""

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from engine.command_line import SettingsError, WorldError
from engine.command_line.signals import sigterm_exits
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client, Refused
from engine.kubeflow.pipeline_spec import StoredPipeline
from engine.kubeflow.run_tasks import FINAL as FINAL
from engine.kubeflow.run_tasks import Task as Task
from engine.kubeflow.run_tasks import lists_nodes, tasks_listed, tasks_of_nodes
from engine.kubeflow.task_logs import printed, shortened
from engine.kubeflow.uploads import PipelineVersion
from engine.kubeflow.waiting_tasks import WaitingTasks

PATIENCE = 60  # seconds without an answer, beside the client's own attempts, until a run is given up
SETTLING = 5  # seconds for the tasks of a final run to become final: on a cluster they do after it
TERMINATION = 30  # seconds for a run to end once it was asked to


@dataclass(frozen=True)
class Run:
    id: str
    name: str
    state: str
    error: str
    tasks: list[Task]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    changed: datetime | None = None  # when its state or that of a task changed last


@contextmanager
def started(
    client: Client,
    version: PipelineVersion,
    name: str,
    parameters: Mapping[str, Any],
    root: str | None = None,
) -> Iterator[str]:
    """The id of a new run; it is terminated when the block is left by an error, by Ctrl-C or by SIGTERM."""
    with sigterm_exits(), ended_with_us(client, start(client, version, name, parameters, root)) as run_id:
        yield run_id


@contextmanager
def ended_with_us(client: Client, run_id: str) -> Iterator[str]:
    """The same for a run that is there already."""
    with sigterm_exits():
        try:
            yield run_id
        except BaseException:
            print(f"run {run_id}: {terminate(client, run_id)}", file=sys.stderr, flush=True)
            raise


def find(client: Client, name: str) -> list[Run]:
    """The runs called `name` or `name`-something, newest first."""
    return [_run(client, each) for each in kfp_lists.runs(client, name)]


def under_way(client: Client, name: str) -> list[Run]:
    """The runs called `name` that will end by themselves; one that was asked to end may stay CANCELING."""
    ended = (*FINAL, "CANCELING")
    return living(client, [run for run in find(client, name) if run.name == name and run.state not in ended])


def is_forgotten(run: Run) -> bool:
    """Whether a run stays RUNNING because its Workflow was deleted: nothing has changed for hours."""
    if run.state in FINAL or run.changed is None:
        return False
    return datetime.now(UTC) - run.changed > timedelta(hours=progress_hours())


def progress_hours() -> float:
    hours = os.environ.get("KUBEFLOW_PROGRESS_HOURS") or "24"
    try:
        return float(hours)
    except ValueError:
        raise SettingsError(f"KUBEFLOW_PROGRESS_HOURS: expected a number of hours, found {hours}") from None


def living(client: Client, runs: list[Run]) -> list[Run]:
    """The runs that have ended or go on; a line is printed for each that the cluster has forgotten."""
    known = []
    for run in runs:
        if is_forgotten(run) and is_forgotten(read_run(client, run.id)):
            print(f"run {run.id}, {run.name}: {_forgotten(run)}; it is left alone", flush=True)
        else:
            known.append(run)
    return known


def _forgotten(run: Run) -> str:
    return f"{run.state} without progress for {progress_hours():g} hours: its Workflow is probably gone"


def follow(
    client: Client,
    run_id: str,
    watch: Callable[[list[Task], list[str]], None] = lambda tasks, reasons: None,
    seconds: float = math.inf,
) -> Run:
    """The run in its final state, or as it stands after `seconds`; `watch` gets all its tasks each time that
    they were asked for, and a line for each new reason why one of them waits."""
    start = answered = time.monotonic()
    waiting = WaitingTasks(client, run_id)
    while True:
        try:
            run = read_settled_run(client, run_id)
            answered = time.monotonic()
        except WorldError as error:
            if (isinstance(error, Refused) and error.code < 500) or time.monotonic() - answered > PATIENCE:
                raise
        else:
            never_began = run.state == "FAILED" and not run.tasks
            asks = never_began or run.state not in FINAL
            watch(run.tasks, waiting.new_reasons(at_once=never_began) if asks else [])
            if run.state in FINAL or time.monotonic() - start > seconds:
                return run
            if is_forgotten(run):
                raise WorldError(
                    f"run {run.id}: expected progress, found it {_forgotten(run)}; start it again"
                )
            if waiting.is_lost:
                raise WorldError(f"run {run.id}: expected its Workflow, found it deleted; start it again")
        # A short run is seen to end at once, and a long one is not asked about at every moment.
        time.sleep(min(5, 0.1 + (time.monotonic() - start) / 50))


def read_run(client: Client, run_id: str) -> Run:
    """The run as it stands now."""
    return _run(client, client.known(client.get_run(run_id), "run_id"))


def read_settled_run(client: Client, run_id: str) -> Run:
    """The run as it stands now; one that is final is read again for a while until its tasks are final too."""
    deadline = time.monotonic() + SETTLING
    while True:
        run = read_run(client, run_id)
        listed = run.tasks or run.state == "SUCCEEDED"  # a run that fails early may list none at first
        settled = listed and all(task.state in FINAL for task in run.tasks)
        if run.state not in FINAL or settled or time.monotonic() > deadline:
            return run
        time.sleep(0.2)


def terminate(client: Client, run_id: str) -> str:
    """End a run; what became of it, in words. Never raises: it is called while other errors are handled."""
    try:
        client.terminate_run(run_id)
    except WorldError as error:
        if not isinstance(error, Refused):
            return f"could not be terminated: {error}"
    deadline = time.monotonic() + TERMINATION
    try:
        while (state := read_run(client, run_id).state) not in FINAL:
            if time.monotonic() > deadline:
                return (
                    f"asked to end, and still {state} after {TERMINATION} seconds;"
                    " if its Workflow is gone, delete the run"
                )
            time.sleep(0.1)
    except WorldError as error:
        return f"asked to end, and its end is not confirmed: {error}"
    return f"ended, {state}"


def failed_logs(client: Client, run: Run) -> Iterator[tuple[Task, str]]:
    """What each failed task printed; if that is not available, the error that the endpoint has."""
    for task in run.tasks:
        if task.state == "FAILED":
            text = printed("".join(_log(client, run.id, pod) for pod in task.pods)) or printed(task.error)
            if text:
                yield task, text


def _log(client: Client, run_id: str, pod: str) -> str:
    try:
        return client.read_log(run_id, pod)
    except Exception:  # only a help: many clusters block it, each in its own way
        return ""


def start(
    client: Client,
    version: PipelineVersion,
    name: str,
    parameters: Mapping[str, Any],
    root: str | None = None,
) -> str:
    """The id of a new run, in the experiment of its pipeline's name; `root` is where its artifacts go."""
    with redirect_stdout(None):  # kfp prints links to pages that not every endpoint has
        experiment = client.create_experiment(version.pipeline)
        run = client.run_pipeline(
            client.known(experiment, "experiment_id").experiment_id,
            name,
            params=dict(parameters),
            pipeline_id=version.pipeline_id,
            version_id=version.version_id,
            pipeline_root=root,
            service_account=client.service_account,
        )
    return str(client.known(run, "run_id").run_id)


def _run(client: Client, run: Any) -> Run:
    details = (run.run_details.task_details if run.run_details else None) or []
    if lists_nodes(details):
        tasks = tasks_of_nodes(details, _stored(client, run)) if details else []
    else:
        tasks = tasks_listed(details)
    error = shortened(run.error.message or "") if run.error else ""
    parameters = (run.runtime_config.parameters if run.runtime_config else None) or {}
    return Run(
        run.run_id, run.display_name, run.state or "PENDING", error, tasks, parameters, _changed(run, details)
    )


def _changed(run: Any, details: list[Any]) -> datetime | None:
    moments = [run.created_at, *(status.update_time for status in run.state_history or [])]
    for detail in details:
        moments += [detail.create_time, detail.start_time, detail.end_time]
    return max((moment for moment in moments if moment), default=None)


def _stored(client: Client, run: Any) -> StoredPipeline:
    """The run's pipeline as the endpoint has it."""
    if run.pipeline_spec:
        stored: StoredPipeline = run.pipeline_spec
        return stored
    reference = run.pipeline_version_reference
    return _stored_version(client, reference.pipeline_id, reference.pipeline_version_id)


@cache
def _stored_version(client: Client, pipeline_id: str, version_id: str) -> StoredPipeline:
    """A version never changes, and a run is read every few seconds."""
    version = client.get_pipeline_version(pipeline_id, version_id)
    stored: StoredPipeline = client.known(version, "pipeline_version_id").pipeline_spec
    return stored
