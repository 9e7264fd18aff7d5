"""The record that a run's process writes, events.jsonl, as tasks and as task details of the API."""

import json
from pathlib import Path
from typing import Any, NotRequired, TypedDict, final

from local_kfp.json_types import Struct
from local_kfp.server.clock import format_time, parse_time

Detail = dict[str, object]
"""A task detail of the API, a V2beta1PipelineTaskDetail."""
FINAL_STATES = {"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"}


@final
class Outcome(TypedDict):
    """The last line of a record: the state in which the run ended, and why it failed."""

    run: str
    error: str | None


class StateChange(TypedDict):
    state: str
    update_time: NotRequired[str]


class Outputs(TypedDict):
    """Values of output parameters and URIs of output artifacts, by name; of a loop, lists of them."""

    parameters: Struct
    artifacts: dict[str, str | list[str]]


@final
class Task(TypedDict):
    """The newest line of a record about one task, and the states that it went through."""

    task_id: str
    name: str
    display_name: NotRequired[str]
    parent_task_id: str | None
    state: str
    start_time: str | None
    end_time: NotRequired[str | None]
    error: NotRequired[str | None]
    log: str | None
    outputs: NotRequired[Outputs]
    history: NotRequired[list[StateChange]]


def outcome(folder: Path) -> Outcome | None:
    """How the run ended, as its process recorded it; None if it did not."""
    return next((line for line in reversed(_lines(folder)) if "run" in line), None)


def tasks(folder: Path, run_state: str) -> list[Task]:
    """The newest state of each task, in order of appearance; in a run that has ended every task has ended."""
    newest: dict[str, Task] = {}
    for line in _lines(folder):
        if "task_id" in line:
            line["history"] = _history(newest.get(line["task_id"]), line)
            newest[line["task_id"]] = line
    for task in newest.values():
        if run_state in FINAL_STATES and task["state"] not in FINAL_STATES:
            task["state"] = "FAILED"
    return list(newest.values())


def task_details(run_id: str, run_state: str, created_at: int, folder: Path) -> list[Detail]:
    recorded = tasks(folder, run_state)
    return [
        detail_of(run_id, created_at, task, [child["task_id"] for child in recorded if is_child(child, task)])
        for task in recorded
    ]


def is_child(task: Task, parent: Task) -> bool:
    return task["parent_task_id"] == parent["task_id"]


def _lines(folder: Path) -> list[Task | Outcome]:
    """The lines of the record, without those that a full disk or the end of the process cut short."""
    path = folder / "events.jsonl"
    lines = path.read_text(errors="replace").split("\n")[:-1] if path.is_file() else []
    return [document for line in lines if (document := _parsed(line))]


def _parsed(line: str) -> Task | Outcome | None:
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_object = isinstance(document, dict)
    return document if is_object else None


def _history(before: Task | None, task: Task) -> list[StateChange]:
    history = before["history"] if before else []
    if history and history[-1]["state"] == task["state"]:
        return history
    change: StateChange = {"state": task["state"]}
    if moment := task.get("end_time") or task["start_time"]:
        change["update_time"] = _canonical(moment)
    return [*history, change]


def detail_of(run_id: str, created_at: int, task: Task, children: list[str]) -> Detail:
    """A task in the form of the API; its id is also the name of its pod, by which logs are requested."""
    start, end, error = task["start_time"], task.get("end_time"), task.get("error")
    detail = {
        "run_id": run_id,
        "task_id": task["task_id"],
        "display_name": task.get("display_name") or task["name"],
        "create_time": _canonical(start) if start else format_time(created_at),
        "start_time": _canonical(start) if start else None,
        "end_time": _canonical(end) if end else None,
        "state": _reported(task["state"]),
        "error": {"code": 2, "message": error} if error else None,
        "parent_task_id": task["parent_task_id"],
        "state_history": [change | {"state": _reported(change["state"])} for change in task["history"]],
        "pod_name": task["task_id"] if task["log"] else None,
        "child_tasks": [{"pod_name": child} for child in children],
    }
    return {name: value for name, value in detail.items() if value}


def _reported(state: str) -> str:
    """The state in the API: on a cluster, tasks of a terminated run fail."""
    return "FAILED" if state == "CANCELED" else state


def _canonical(moment: str) -> str:
    return format_time(parse_time(moment))
