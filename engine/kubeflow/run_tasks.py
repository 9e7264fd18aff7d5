"""The tasks of a run, one each, in the words of its pipeline, from the task details of an endpoint."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.kubeflow.pipeline_spec import PipelineSpec, StoredPipeline, graph_tasks, platforms_of, spec_of
from engine.kubeflow.workflow_nodes import TaskNode, child_ids, pod_metadata, task_nodes

FINAL = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")
ITERATION = re.compile(r".+-iteration-\d+")
NOT_STARTED = "Kubeflow could not start it: its driver failed"


@dataclass(frozen=True)
class Task:
    id: str
    name: str
    state: str
    error: str
    pods: tuple[str, ...]


def lists_nodes(details: Iterable[Any]) -> bool:
    """Whether these are nodes of a workflow, as on a cluster; a local server lists tasks below `root`."""
    names = {detail.display_name for detail in details}
    return "root" not in names or "root-driver" in names


def tasks_listed(details: Iterable[Any]) -> list[Task]:
    """The tasks, if an endpoint lists tasks by their display names."""
    return [_task(detail) for detail in details if not _is_wrapper(detail.display_name or "root")]


def tasks_of_nodes(details: Iterable[Any], stored: StoredPipeline) -> list[Task]:
    """The tasks of a stored pipeline that nodes of its workflow stand for, without drivers and wrappers."""
    nodes, spec = list(details), spec_of(stored)
    known = task_nodes(nodes, spec, pod_metadata(platforms_of(stored)))
    newest = {node.path: node for node in known}
    by_child = {child: node for node in known for child in node.children}
    names = _names(spec)
    failed = {node.display_name for node in nodes if node.state == "FAILED"}
    tasks = []
    for detail in nodes:
        key = detail.display_name or ""
        if key not in names or _is_wrapper(key):
            continue
        node = next((by_child[child] for child in child_ids(detail) if child in by_child), None)
        if node and newest[node.path] is not node:  # of an earlier attempt of the graph around it
            continue
        tasks.append(_task_of_node(detail, node, names[key], f"{key}-driver" in failed))
    return tasks


def _task_of_node(detail: Any, node: TaskNode | None, names: set[str], driver_failed: bool) -> Task:
    """A node that has not started has no child to place it by: it has its task's name if one name fits."""
    name = node.name if node else next(iter(names)) if len(names) == 1 else detail.display_name
    task = _task(detail)
    if driver_failed and task.state in ("PENDING", "SKIPPED"):
        return Task(task.id, name, "FAILED", task.error or NOT_STARTED, ())
    # Argo omits what depends on a task that failed, and the API has no state for that.
    state = task.state if detail.state else "SKIPPED"
    return Task(task.id, name, state, task.error, node.pods if node else ())


def _names(spec: PipelineSpec) -> dict[str, set[str]]:
    """The display names of tasks by key; a key means one task within one graph only."""
    names: dict[str, set[str]] = {}
    for key, task in graph_tasks(spec):
        names.setdefault(key, set()).add(task["taskInfo"]["name"])
    return names


def _task(detail: Any) -> Task:
    pods = [detail.pod_name] if detail.pod_name else child_ids(detail)
    error = detail.error.message if detail.error else ""
    return Task(detail.task_id, detail.display_name, detail.state or "PENDING", error or "", tuple(pods))


def _is_wrapper(name: str) -> bool:
    """The root, the fork of an If, and an iteration of a loop stand beside the tasks that they hold."""
    return name == "root" or name.startswith("condition-branches-") or bool(ITERATION.fullmatch(name))
