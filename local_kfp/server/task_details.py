"""What a run's process has recorded so far, its events.jsonl, folded into the API's task details."""

import json
from pathlib import Path
from typing import Any

from local_kfp.server.clock import format_time, parse_time

FINAL_STATES = {"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"}


def outcome(folder: Path) -> dict[str, Any] | None:
    """The verdict the run's process left: {"run": state, "error": text}."""
    events = _events(folder)
    return events[-1] if events and "run" in events[-1] else None


def tasks(folder: Path, run_state: str) -> list[dict[str, Any]]:
    """The newest state of each task, in order of appearance; none is under way in a run that has ended."""
    newest: dict[str, dict[str, Any]] = {}
    for event in _events(folder):
        if task_id := event.get("task_id"):
            newest[task_id] = event | {"history": _history(newest.get(task_id), event)}
    for task in newest.values():
        if run_state in FINAL_STATES and task["state"] not in FINAL_STATES:
            task["state"] = "CANCELED" if run_state == "CANCELED" else "FAILED"
    return list(newest.values())


def task_details(run: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    found = tasks(folder, run["state"])
    return [_detail(run, task, [child for child in found if is_child(child, task)]) for task in found]


def is_child(task: dict[str, Any], parent: dict[str, Any]) -> bool:
    return task.get("parent_task_id") == parent["task_id"]


def _events(folder: Path) -> list[dict[str, Any]]:
    """The lines written whole; a process may have been killed in the middle of its last."""
    path = folder / "events.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def _history(before: dict[str, Any] | None, event: dict[str, Any]) -> list[dict[str, Any]]:
    history = before["history"] if before else []
    if history and history[-1]["state"] == event["state"]:
        return history
    moment = event.get("end_time") or event.get("start_time")
    return [*history, {"state": event["state"]} | ({"update_time": _canonical(moment)} if moment else {})]


def _detail(run: dict[str, Any], task: dict[str, Any], children: list[dict[str, Any]]) -> dict[str, Any]:
    """A task as the API shows it; its id is also the name of its pod, which the logs are asked by."""
    detail = {
        "run_id": run["run_id"],
        "task_id": task["task_id"],
        "display_name": task.get("display_name") or task["name"],
        "create_time": _canonical(task.get("start_time")) or format_time(run["created_at"]),
        "start_time": _canonical(task.get("start_time")),
        "end_time": _canonical(task.get("end_time")),
        "state": task["state"],
        "error": {"code": 2, "message": task["error"]} if task.get("error") else None,
        "parent_task_id": task.get("parent_task_id"),
        "state_history": task["history"],
        "pod_name": task["task_id"] if task.get("log") else None,
        "child_tasks": [{"pod_name": child["task_id"]} for child in children],
    }
    return {name: value for name, value in detail.items() if value}


def _canonical(moment: str | None) -> str | None:
    return format_time(parse_time(moment)) if moment else None
