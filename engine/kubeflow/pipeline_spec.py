"""A compiled pipeline, KFP's PipelineSpec, and its platform document in JSON: the fields used here."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict, final

JsonValue = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None


class Name(TypedDict):
    name: str


class Parameter(TypedDict):
    parameterType: str
    defaultValue: NotRequired[JsonValue]
    isOptional: NotRequired[bool]


class Artifact(TypedDict):
    isOptional: NotRequired[bool]


class Inputs(TypedDict):
    parameters: NotRequired[dict[str, Parameter]]
    artifacts: NotRequired[dict[str, Artifact]]


class TaskOutput(TypedDict):
    producerTask: str
    outputArtifactKey: str


class ArtifactInput(TypedDict):
    """One of the two: an input of the graph that the task is in, or an output of another of its tasks."""

    componentInputArtifact: NotRequired[str]
    taskOutputArtifact: NotRequired[TaskOutput]


class ParameterInput(TypedDict):
    """Of its kinds of values, the one that names an input of the graph that the task is in."""

    componentInputParameter: NotRequired[str]


class TaskInputs(TypedDict):
    parameters: NotRequired[dict[str, ParameterInput]]
    artifacts: NotRequired[dict[str, ArtifactInput]]


class RetryPolicy(TypedDict):
    """Durations are seconds, as "3600s"."""

    maxRetryCount: int
    backoffDuration: str
    backoffFactor: float
    backoffMaxDuration: str


class IteratorPolicy(TypedDict):
    parallelismLimit: int


class CachingOptions(TypedDict):
    enableCache: NotRequired[bool]


class Task(TypedDict):
    """A task of a graph; a ParallelFor has a `parameterIterator`."""

    componentRef: Name
    taskInfo: Name
    inputs: NotRequired[TaskInputs]
    cachingOptions: NotRequired[CachingOptions]
    retryPolicy: NotRequired[RetryPolicy]
    parameterIterator: NotRequired[JsonValue]
    iteratorPolicy: NotRequired[IteratorPolicy]


class ArtifactSelector(TypedDict):
    producerSubtask: str
    outputArtifactKey: str


class GraphArtifact(TypedDict):
    artifactSelectors: list[ArtifactSelector]


class GraphOutputs(TypedDict):
    artifacts: dict[str, GraphArtifact]


class Graph(TypedDict):
    tasks: dict[str, Task]
    outputs: NotRequired[GraphOutputs]


class Component(TypedDict):
    """Either a graph of tasks or the label of the executor that runs it."""

    dag: NotRequired[Graph]
    executorLabel: NotRequired[str]
    inputDefinitions: NotRequired[Inputs]


class Variable(TypedDict):
    name: str
    value: str


class Accelerator(TypedDict):
    type: str
    resourceType: str
    count: str
    resourceCount: str


class Limits(TypedDict):
    """In the words of older servers, cores and gigabytes, and of newer ones, quantities of Kubernetes."""

    cpuLimit: NotRequired[float]
    memoryLimit: NotRequired[float]
    resourceCpuLimit: NotRequired[str]
    resourceMemoryLimit: NotRequired[str]
    accelerator: NotRequired[Accelerator]


class Container(TypedDict):
    image: str
    command: NotRequired[list[str]]
    args: NotRequired[list[str]]
    env: NotRequired[list[Variable]]
    resources: NotRequired[Limits]


class Executor(TypedDict):
    container: NotRequired[Container]


class Deployment(TypedDict):
    executors: dict[str, Executor]


@final
class PipelineSpec(TypedDict):
    schemaVersion: str
    pipelineInfo: Name
    root: Component
    components: NotRequired[dict[str, Component]]
    deploymentSpec: Deployment


class PodMetadata(TypedDict):
    annotations: NotRequired[dict[str, str]]
    labels: NotRequired[dict[str, str]]


class PodConfig(TypedDict):
    """How kfp-kubernetes configures the pods of an executor; its other fields are only passed on."""

    podMetadata: NotRequired[PodMetadata]


class PlatformDeployment(TypedDict):
    executors: NotRequired[dict[str, PodConfig]]


class Platform(TypedDict):
    deploymentSpec: NotRequired[PlatformDeployment]


class Platforms(TypedDict):
    kubernetes: NotRequired[Platform]


class PlatformSpec(TypedDict):
    platforms: NotRequired[Platforms]


@final
class SpecWithPlatform(TypedDict):
    pipeline_spec: PipelineSpec
    platform_spec: NotRequired[PlatformSpec]


StoredPipeline = PipelineSpec | SpecWithPlatform
"""A pipeline as an endpoint has it: with its platform document, or the specification alone."""


def graph_tasks(spec: PipelineSpec) -> Iterator[tuple[str, Task]]:
    """Each task of each graph of the pipeline, with its key, which is unique within its graph only."""
    for component in (spec["root"], *spec.get("components", {}).values()):
        if graph := component.get("dag"):
            yield from graph["tasks"].items()


def containers(spec: PipelineSpec) -> Iterator[tuple[str, Container]]:
    """Label and container of each executor in a compiled pipeline."""
    for label, executor in spec["deploymentSpec"]["executors"].items():
        if container := executor.get("container"):
            yield label, container


def spec_of(stored: StoredPipeline) -> PipelineSpec:
    if "pipeline_spec" in stored:
        return stored["pipeline_spec"]
    return stored


def platforms_of(stored: StoredPipeline) -> PlatformSpec:
    """The platform document of a stored pipeline, {} if it has none."""
    return stored.get("platform_spec", {}) if "pipeline_spec" in stored else {}


def pod_configs(platforms: PlatformSpec) -> dict[str, PodConfig]:
    """How pods are configured, by the label of their executor."""
    deployment = platforms.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {})
    return deployment.get("executors", {})
