"""Runs on the endpoint: start one, follow it to its end, and leave none behind."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from engine.command_line import WorldError
from engine.command_line.signals import sigterm_exits
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client, Refused
from engine.kubeflow.uploads import Version

FINAL = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")
PATIENCE = 60  # seconds without an answer, beside the client's own attempts, until a run is given up
TERMINATION = 30  # seconds for a run to end once it was told to


@dataclass(frozen=True)
class Task:
    id: str
    name: str
    state: str
    error: str
    pods: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    id: str
    name: str
    state: str
    error: str
    tasks: list[Task]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def started(
    client: Client, version: Version, name: str, parameters: Mapping[str, Any], root: str | None = None
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
    return [_run(each) for each in kfp_lists.runs(client, name)]


def follow(
    client: Client,
    run_id: str,
    watch: Callable[[list[Task]], None] = lambda tasks: None,
    seconds: float = math.inf,
) -> Run:
    """The run in its final state, or as it stands after `seconds`; `watch` gets all its tasks each time that
    they were asked for."""
    start = answered = time.monotonic()
    while True:
        try:
            run = read_run(client, run_id)
            answered = time.monotonic()
        except WorldError as error:
            if (isinstance(error, Refused) and error.code < 500) or time.monotonic() - answered > PATIENCE:
                raise
        else:
            watch(run.tasks)
            if run.state in FINAL or time.monotonic() - start > seconds:
                return run
        # A short run is seen to end at once, and a long one is not asked about at every moment.
        time.sleep(min(5, 0.1 + (time.monotonic() - start) / 50))


def read_run(client: Client, run_id: str) -> Run:
    """The run as it stands now."""
    return _run(client.known(client.get_run(run_id), "run_id"))


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
                return f"told to end, and still {state} after {TERMINATION} seconds"
            time.sleep(0.1)
    except WorldError as error:
        return f"told to end, and its end is not confirmed: {error}"
    return f"ended, {state}"


def failed_logs(client: Client, run: Run) -> Iterator[tuple[Task, str]]:
    """What each failed task printed; where that cannot be had, the error that the endpoint has of it."""
    for task in run.tasks:
        if task.state == "FAILED":
            text = "".join(_log(client, run.id, pod) for pod in task.pods) or task.error
            if text:
                yield task, text


def _log(client: Client, run_id: str, pod: str) -> str:
    try:
        return client.read_log(run_id, pod)
    except Exception:  # a help where it can be had: many clusters block it, each in its own way
        return ""


def start(
    client: Client, version: Version, name: str, parameters: Mapping[str, Any], root: str | None = None
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
        )
    return str(client.known(run, "run_id").run_id)


def _run(run: Any) -> Run:
    details = run.run_details.task_details if run.run_details else None
    tasks = [_task(each) for each in details or [] if not _is_machinery(each.display_name or "")]
    error = run.error.message if run.error else ""
    parameters = (run.runtime_config.parameters if run.runtime_config else None) or {}
    return Run(run.run_id, run.display_name, run.state or "PENDING", error or "", tasks, parameters)


def _task(detail: Any) -> Task:
    children = [child.pod_name for child in detail.child_tasks or [] if child.pod_name]
    pods = [detail.pod_name] if detail.pod_name else children
    error = detail.error.message if detail.error else ""
    return Task(detail.task_id, detail.display_name, detail.state or "PENDING", error or "", tuple(pods))


def _is_machinery(name: str) -> bool:
    """Kubeflow lists the pods that prepare a task, and the fork of an If, beside the tasks."""
    machinery = name in ("", "root", "executor") or name.endswith("-driver")
    return machinery or name.startswith("condition-branches-")
