"""A component of a compiled pipeline, and the documents that a launcher exchanges with its container."""

from typing import NotRequired, TypedDict

from local_kfp.json_types import JsonValue, Struct

Values = dict[str, object]
"""Parameters as JSON, and artifacts or lists of them, by name: kfp.local passes both together."""


class Parameter(TypedDict):
    parameterType: str
    isOptional: NotRequired[bool]
    defaultValue: NotRequired[JsonValue]


class ArtifactDeclaration(TypedDict):
    artifactType: Struct


class Definitions(TypedDict):
    """The inputs or the outputs of a component, by name."""

    parameters: NotRequired[dict[str, Parameter]]
    artifacts: NotRequired[dict[str, ArtifactDeclaration]]


class Component(TypedDict):
    executorLabel: str
    inputDefinitions: NotRequired[Definitions]
    outputDefinitions: NotRequired[Definitions]


class Variable(TypedDict):
    name: str
    value: NotRequired[str]


class ContainerSpec(TypedDict):
    image: str
    command: NotRequired[list[str]]
    args: NotRequired[list[str]]
    env: NotRequired[list[Variable]]


class ArtifactUri(TypedDict):
    constant: NotRequired[str]


class Importer(TypedDict):
    artifactUri: ArtifactUri
    metadata: NotRequired[Struct]


class Executor(TypedDict):
    container: NotRequired[ContainerSpec]
    importer: NotRequired[Importer]


class Artifact(TypedDict):
    name: str
    type: Struct
    uri: str
    metadata: Struct


class Artifacts(TypedDict):
    artifacts: list[Artifact]


class TaskInputs(TypedDict):
    parameterValues: Struct
    artifacts: dict[str, Artifacts]


class OutputFile(TypedDict):
    outputFile: str


class TaskOutputs(TypedDict):
    parameters: dict[str, OutputFile]
    artifacts: dict[str, Artifacts]
    outputFile: str


class ExecutorInput(TypedDict):
    """The document that `{{$}}` stands for."""

    inputs: TaskInputs
    outputs: TaskOutputs


class ChangedArtifact(TypedDict):
    uri: NotRequired[str]
    metadata: NotRequired[Struct]


class ChangedArtifacts(TypedDict):
    artifacts: NotRequired[list[ChangedArtifact]]


class ExecutorOutput(TypedDict):
    """What a container may write about its outputs; it takes precedence over their files."""

    parameterValues: NotRequired[Struct]
    artifacts: NotRequired[dict[str, ChangedArtifacts]]
