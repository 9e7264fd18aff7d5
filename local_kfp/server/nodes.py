"""Task details as a cluster lists them: nodes of an Argo workflow instead of tasks."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from local_kfp.run_settings import RunSettings
from local_kfp.server.task_details import FINAL_STATES, Detail, Task, detail_of, tasks

LAG_SECONDS = 0.5
"""On a cluster a run is final 0.2 to 0.5 seconds before its tasks are."""
ITERATION = re.compile(r".*-iteration-(\d+)")


@dataclass(frozen=True)
class Node:
    """A node of the workflow: `path` joins the names of the nodes above it with its own."""

    path: str
    task: Task
    children: list[str] = field(default_factory=list)
    """Paths of the nodes right below it."""

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def node_details(run_id: str, run_state: str, created_at: int, folder: Path) -> list[Detail]:
    """Each task two or three times, by node names such as `load-data-2(0)`; the ids are those of children."""
    workflow = _workflow(folder)
    recorded = tasks(folder, run_state)
    if run_state in FINAL_STATES and time.time() - (folder / "events.jsonl").stat().st_mtime < LAG_SECONDS:
        for task in recorded:
            task["state"], task["end_time"] = "RUNNING", None
    details = []
    for node in _all_nodes(workflow, recorded):
        shown: Task = {
            **node.task,
            "name": node.name,
            "display_name": node.name,
            "task_id": f"{run_id}/{node.path}",
            "parent_task_id": None,
            "log": None,
        }
        children = [node_id(workflow, child) for child in node.children]
        details.append(detail_of(run_id, created_at, shown, children))
    return details


def node_id(workflow: str, path: str) -> str:
    """The id that Argo gives a node: the workflow's name and the FNV-1a hash of the node's path."""
    if path == workflow:
        return workflow
    value = 0x811C9DC5
    for byte in path.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return f"{workflow}-{value}"


def task_of_pod(folder: Path, pod: str) -> str:
    """The id of the task whose container runs in `pod`, or `pod` itself."""
    workflow = _workflow(folder)
    for node in _all_nodes(workflow, tasks(folder, "RUNNING")):
        if node.name == "executor(0)":
            _, _, digest = node_id(workflow, node.path).rpartition("-")
            if re.fullmatch(rf"{workflow}-(.+-)?system-container-impl-{digest}", pod):
                return node.task["task_id"]
    return pod


def _workflow(folder: Path) -> str:
    settings: RunSettings = json.loads((folder / "run.json").read_text())
    return settings["workflow"]


def _all_nodes(workflow: str, recorded: list[Task]) -> list[Node]:
    by_id = {task["task_id"]: task for task in recorded}
    nodes = [node for task in recorded for node in _nodes(task, _path(workflow, task, by_id))]
    children: dict[str, list[str]] = {}
    for node in nodes:
        children.setdefault(node.path.rpartition(".")[0], []).append(node.path)
    return [replace(node, children=node.children or children.get(node.path, [])) for node in nodes]


def _path(workflow: str, task: Task, by_id: dict[str, Task]) -> str:
    """The path of a task's node; an iteration of a loop is the item of a node such as `...(2:2)(0)`."""
    parent = by_id.get(task["parent_task_id"] or "")
    if parent is None:
        return f"{workflow}(0).root"
    above = f"{_path(workflow, parent, by_id)}(0)"
    if (iteration := ITERATION.fullmatch(task["name"])) and task["name"].startswith(parent["name"]):
        index = iteration[1]
        return f"{above}.iteration-iterations({index}:{index})(0).iteration-item"
    return f"{above}.{task['name']}"


def _nodes(task: Task, path: str) -> Iterator[Node]:
    """The nodes of a task: driver, wrapper and, of a container, executor; of the root, the workflow's too."""
    if task["parent_task_id"] is None:
        yield from _pair(task, path.rpartition(".")[0].removesuffix("(0)"))
    if path.endswith(").iteration-item"):
        yield from _pair(task, path.rpartition(".")[0].removesuffix("(0)"))
    if task["state"] not in ("PENDING", "SKIPPED"):
        prepared: Task = {**task, "state": "SUCCEEDED", "error": None}
        yield from _pair(prepared, f"{path}-driver")
    yield from _pair(task, path)
    if task["log"]:
        yield from _pair(task, f"{path}(0).executor")


def _pair(task: Task, path: str) -> Iterator[Node]:
    """A node that may be retried and, once it was started, its first attempt."""
    if task["state"] == "SKIPPED":
        yield Node(path, task)
        return
    yield Node(path, task, [f"{path}(0)"])
    yield Node(f"{path}(0)", task)
