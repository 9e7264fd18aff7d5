"""Which tasks of a pipeline read what another makes; conditions, loops and nested pipelines are opened up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

Path = tuple[str, ...]
"""Names of the tasks above one in its nested graphs, and its own."""


class Producer(TypedDict):
    producerTask: str
    outputArtifactKey: NotRequired[str]
    outputParameterKey: NotRequired[str]


class TaskInput(TypedDict):
    """One source: an output of a task beside this one, or an input of the graph that both are in."""

    taskOutputArtifact: NotRequired[Producer]
    taskOutputParameter: NotRequired[Producer]
    componentInputArtifact: NotRequired[str]
    componentInputParameter: NotRequired[str]


class TaskInputs(TypedDict):
    parameters: NotRequired[dict[str, TaskInput]]
    artifacts: NotRequired[dict[str, TaskInput]]


class Trigger(TypedDict):
    condition: NotRequired[str]


class TaskInfo(TypedDict):
    name: NotRequired[str]


class ComponentRef(TypedDict):
    name: str


class PipelineTask(TypedDict):
    """`parameterIterator` and `artifactIterator` of a loop name the input that has its items."""

    componentRef: ComponentRef
    taskInfo: NotRequired[TaskInfo]
    inputs: NotRequired[TaskInputs]
    dependentTasks: NotRequired[list[str]]
    triggerPolicy: NotRequired[Trigger]
    parameterIterator: NotRequired[object]
    artifactIterator: NotRequired[object]


class Selector(TypedDict):
    producerSubtask: str
    outputArtifactKey: NotRequired[str]
    outputParameterKey: NotRequired[str]


class OneOf(TypedDict):
    parameterSelectors: list[Selector]


class GraphParameter(TypedDict):
    valueFromParameter: NotRequired[Selector]
    valueFromOneof: NotRequired[OneOf]


class GraphArtifact(TypedDict):
    artifactSelectors: NotRequired[list[Selector]]


class GraphOutputs(TypedDict):
    parameters: NotRequired[dict[str, GraphParameter]]
    artifacts: NotRequired[dict[str, GraphArtifact]]


class Graph(TypedDict):
    tasks: NotRequired[dict[str, PipelineTask]]
    outputs: NotRequired[GraphOutputs]


class Component(TypedDict):
    """A nested graph, or what a container runs."""

    dag: NotRequired[Graph]


class Specification(TypedDict):
    """The fields of a pipeline's specification that are read here."""

    root: Component
    components: NotRequired[dict[str, Component]]


@dataclass(frozen=True)
class Leaf:
    """A task that runs a container, and the tasks that it waits for, directly."""

    path: Path
    title: str
    producers: frozenset[Path]


@dataclass(frozen=True)
class _Scope:
    """A graph, the path of the task that it is, and the scope of that task; the root is no task."""

    graph: Graph
    path: Path = ()
    task: PipelineTask | None = None
    outer: "_Scope | None" = None
    triggers: frozenset[Path] = frozenset()
    """What decides whether, and how often, the graph runs."""


def leaves(specification: Specification) -> list[Leaf]:
    """The leaves in the specification's order; of those that it waits for, each names the last ones."""
    components = specification.get("components", {})
    every = [*_leaves(components, _Scope(specification["root"].get("dag", {})))]
    producers = {leaf.path: leaf.producers for leaf in every}
    return [Leaf(leaf.path, leaf.title, frozenset(_direct(leaf.producers, producers))) for leaf in every]


def _leaves(components: Mapping[str, Component], scope: _Scope) -> Iterator[Leaf]:
    for name, task in scope.graph.get("tasks", {}).items():
        path = (*scope.path, name)
        if (inner := _graph_of(components, task)) is not None:
            triggers = frozenset(_sources(components, scope, _trigger_inputs(task)))
            yield from _leaves(components, _Scope(inner, path, task, scope, triggers | scope.triggers))
            continue
        read = {*_sources(components, scope, _inputs(task))}
        read |= {path for other in task.get("dependentTasks", []) for path in _last(components, scope, other)}
        yield Leaf(path, task.get("taskInfo", {}).get("name") or name, frozenset(read | scope.triggers))


def _graph_of(components: Mapping[str, Component], task: PipelineTask) -> Graph | None:
    return components[task["componentRef"]["name"]].get("dag")


def _inputs(task: PipelineTask) -> list[TaskInput]:
    inputs = task.get("inputs", {})
    return [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]


def _trigger_inputs(task: PipelineTask) -> list[TaskInput]:
    """Those that the condition or the loop's items name; the graph's tasks read the others."""
    inputs = task.get("inputs", {})
    named = {**inputs.get("parameters", {}), **inputs.get("artifacts", {})}
    text = f"{task.get('triggerPolicy')} {task.get('parameterIterator')} {task.get('artifactIterator')}"
    return [source for name, source in named.items() if name in text]


def _sources(
    components: Mapping[str, Component], scope: _Scope, inputs: Iterable[TaskInput]
) -> Iterator[Path]:
    """The leaves that make these inputs of a task in the scope."""
    for source in inputs:
        producer = source.get("taskOutputArtifact") or source.get("taskOutputParameter")
        if producer:
            key = producer.get("outputArtifactKey") or producer.get("outputParameterKey") or ""
            yield from _makers(components, scope, producer["producerTask"], key)
            continue
        name = source.get("componentInputArtifact") or source.get("componentInputParameter") or ""
        if scope.outer and scope.task:
            inputs_of_graph = scope.task.get("inputs", {})
            for named in (inputs_of_graph.get("artifacts", {}), inputs_of_graph.get("parameters", {})):
                yield from _sources(components, scope.outer, [named[name]] if name in named else [])


def _makers(components: Mapping[str, Component], scope: _Scope, name: str, key: str) -> Iterator[Path]:
    """The leaves that make the output `key` of the task `name`: itself, or tasks of its graph."""
    task = scope.graph.get("tasks", {})[name]
    inner = _graph_of(components, task)
    if inner is None:
        yield (*scope.path, name)
        return
    outputs = inner.get("outputs", {})
    artifact, parameter = (
        outputs.get("artifacts", {}).get(key, {}),
        outputs.get("parameters", {}).get(key, {}),
    )
    selectors = [*artifact.get("artifactSelectors", [])]
    selectors += parameter.get("valueFromOneof", {"parameterSelectors": []})["parameterSelectors"]
    if "valueFromParameter" in parameter:
        selectors.append(parameter["valueFromParameter"])
    for each in selectors:
        inner_key = each.get("outputArtifactKey") or each.get("outputParameterKey") or ""
        yield from _makers(components, _Scope(inner, (*scope.path, name)), each["producerSubtask"], inner_key)


def _last(components: Mapping[str, Component], scope: _Scope, name: str) -> Iterator[Path]:
    """The leaves of the task `name` that no other task of its graph waits for."""
    inner = _graph_of(components, scope.graph.get("tasks", {})[name])
    if inner is None:
        yield (*scope.path, name)
        return
    tasks = inner.get("tasks", {})
    awaited = {other for task in tasks.values() for other in task.get("dependentTasks", [])}
    for each in tasks.keys() - awaited:
        yield from _last(components, _Scope(inner, (*scope.path, name)), each)


def _direct(producers: Iterable[Path], all_producers: Mapping[Path, frozenset[Path]]) -> set[Path]:
    """Those of the producers that no other of them waits for."""
    direct = set(producers)
    waiting, before = [*direct], set[Path]()
    while waiting:
        earlier = all_producers[waiting.pop()] - before
        before |= earlier
        waiting += earlier
    return direct - before
