"""Task details as a cluster lists them: nodes of an Argo workflow instead of tasks."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from local_kfp.run_settings import RunSettings
from local_kfp.server.task_details import FINAL_STATES, Detail, Task, detail_of, tasks

LAG_SECONDS = 0.5
"""On a cluster a run is final 0.2 to 0.5 seconds before its tasks are."""


def node_details(run_id: str, run_state: str, created_at: int, folder: Path) -> list[Detail]:
    """Each task two or three times, by node names such as `load-data-2(0)`, without display names."""
    settings: RunSettings = json.loads((folder / "run.json").read_text())
    recorded = tasks(folder, run_state)
    if run_state in FINAL_STATES and time.time() - (folder / "events.jsonl").stat().st_mtime < LAG_SECONDS:
        for task in recorded:
            task["state"], task["end_time"] = "RUNNING", None
    return [
        detail_of(run_id, created_at, node, children)
        for task in recorded
        for node, children in _nodes(task, task["name"] if task["parent_task_id"] else settings["workflow"])
    ]


def _nodes(task: Task, name: str) -> Iterator[tuple[Task, list[str]]]:
    """The nodes of a task and their children's ids: driver, wrapper and, of a container, executor."""
    driver = f"{name}-driver" if task["parent_task_id"] else "root-driver"
    if task["state"] not in ("PENDING", "SKIPPED"):
        prepared: Task = {**task, "state": "SUCCEEDED", "error": None}
        yield from _pair(prepared, driver, f"{task['task_id']}-driver", with_log=False)
    yield from _pair(task, name, f"{task['task_id']}-node", with_log=False)
    if task["log"]:
        yield from _pair(task, "executor", task["task_id"], with_log=True)


def _pair(task: Task, name: str, identity: str, with_log: bool) -> Iterator[tuple[Task, list[str]]]:
    """A node that may be retried, and its first attempt, which has the pod."""
    node: Task = {
        **task,
        "name": name,
        "display_name": name,
        "task_id": f"{identity}-retries",
        "parent_task_id": None,
        "log": None,
    }
    yield node, [identity]
    log = task["log"] if with_log else None
    yield {**node, "name": f"{name}(0)", "display_name": f"{name}(0)", "task_id": identity, "log": log}, []
