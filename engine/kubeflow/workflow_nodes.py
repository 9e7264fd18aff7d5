"""Which task a node of an Argo workflow belongs to, found from the ids of nodes.

The API lists a node's name and the ids of its children, not its own id or path. Argo makes an id from the
workflow's name and a hash of the path, so the paths of a pipeline's tasks can be checked against the ids. A
pod, by whose name a log is asked for, has the name of its template in its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from engine.kubeflow.pipeline_spec import Component, PipelineSpec, PlatformSpec, Task, pod_configs

ATTEMPT = re.compile(r"\(\d+\)")
IMPLEMENTATION = "system-container-impl"
"""The template that Kubeflow runs a container by, with a prefix if the container is retried or labelled."""


@dataclass(frozen=True)
class TaskNode:
    """The node of a task: its display name, the ids of its children, and its container's pods."""

    name: str
    path: str
    """In the workflow, without the numbers of attempts: those of a graph have the same tasks."""
    children: frozenset[str]
    pods: tuple[str, ...]


def child_ids(detail: Any) -> list[str]:
    return [child.pod_name for child in detail.child_tasks or [] if child.pod_name]


def pod_metadata(platforms: PlatformSpec) -> dict[str, str]:
    """What the labels and annotations of pods put before a template's name, by executor."""
    return {
        label: f"metadata-{len(metadata.get('annotations', {}))}-{len(metadata.get('labels', {}))}-"
        for label, config in pod_configs(platforms).items()
        if (metadata := config.get("podMetadata"))
    }


def task_nodes(details: list[Any], spec: PipelineSpec, metadata: dict[str, str]) -> list[TaskNode]:
    """The nodes of tasks that have started, in the pipeline's order."""
    ids = frozenset(child for detail in details for child in child_ids(detail))
    if not ids:
        return []
    workflow = next(iter(ids)).rpartition("-")[0]
    walk = _Walk(workflow, ids, spec, metadata)
    return [node for top in walk.attempts(workflow) for node in walk.graph(f"{top}.root", spec["root"])]


def node_id(workflow: str, path: str) -> str:
    """Argo's id of a node: the workflow's name and the 32-bit FNV-1a hash of the node's path."""
    value = 0x811C9DC5
    for byte in path.encode():
        value = (value ^ byte) * 0x01000193 % 2**32
    return f"{workflow}-{value}"


def pod_name(node: str, template: str) -> str:
    """The pod of a node: its id, with the name of its template before the hash."""
    workflow, _, digest = node.rpartition("-")
    return f"{workflow}-{template}-{digest}"


@dataclass(frozen=True)
class _Walk:
    workflow: str
    ids: frozenset[str]
    spec: PipelineSpec
    metadata: dict[str, str]

    def exists(self, path: str) -> bool:
        return node_id(self.workflow, path) in self.ids

    def attempts(self, path: str) -> list[str]:
        """The paths of a node's attempts, or the node itself if it is not retried."""
        numbered = (f"{path}({number})" for number in count())
        return list(takewhile(self.exists, numbered)) or [path]

    def graph(self, path: str, component: Component) -> Iterator[TaskNode]:
        for attempt in self.attempts(path):
            for key, task in component["dag"]["tasks"].items():
                yield from self.task(f"{attempt}.{key}", task)

    def task(self, path: str, task: Task) -> Iterator[TaskNode]:
        component = self.spec["components"][task["componentRef"]["name"]]
        attempts = self.attempts(path)
        if "dag" not in component:
            templates = self.templates(path.rpartition(".")[2], task, component["executorLabel"])
            pods = tuple(
                pod_name(executor, template)
                for attempt in attempts
                for executor in self.executors(f"{attempt}.executor")
                for template in templates
            )
            yield self.node(path, task, attempts, ["executor"], pods)
            return
        inner = component["dag"]["tasks"]
        below = ["iteration-driver"] if "parameterIterator" in task else [f"{key}-driver" for key in inner]
        yield self.node(path, task, attempts, below, ())
        if "parameterIterator" not in task:
            yield from self.graph(path, component)
            return
        for attempt in attempts:
            for item in self.iterations(attempt):
                yield from self.graph(item, component)

    def node(
        self, path: str, task: Task, attempts: list[str], below: list[str], pods: tuple[str, ...]
    ) -> TaskNode:
        paths = attempts if attempts != [path] else [f"{path}.{name}" for name in below]
        children = frozenset(node_id(self.workflow, child) for child in paths)
        return TaskNode(task["taskInfo"]["name"], ATTEMPT.sub("", path), children, pods)

    def iterations(self, path: str) -> Iterator[str]:
        numbered = (f"{path}.iteration-iterations({index}:{index})" for index in count())
        for iteration in takewhile(self.exists, numbered):
            yield from (f"{attempt}.iteration-item" for attempt in self.attempts(iteration))

    def executors(self, path: str) -> list[str]:
        return [node_id(self.workflow, attempt) for attempt in self.attempts(path) if self.exists(attempt)]

    def templates(self, key: str, task: Task, label: str) -> list[str]:
        """The template of a task's container, as Kubeflow calls it from 2.14 on, and as it did before."""
        if "retryPolicy" in task:
            return [f"{self.metadata.get(label, '')}retry-{IMPLEMENTATION}", f"{key}-{IMPLEMENTATION}"]
        return sorted({f"{self.metadata.get(label, '')}{IMPLEMENTATION}", IMPLEMENTATION})
