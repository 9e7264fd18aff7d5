"""What a cluster's launcher does around a container: fill in its command, and collect its outputs.

The rules are those of Kubeflow's launcher and driver: a number is formatted as Go does it (2.0 is 2), the
executor output takes precedence over files, a missing output parameter is a failure, a missing
artifact is not.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from local_kfp.json_types import JsonValue, Struct
from local_kfp.runner.parameter_values import plain, read_parameter, text
from local_kfp.runner.task_documents import (
    Artifact,
    Artifacts,
    Component,
    ContainerSpec,
    ExecutorInput,
    ExecutorOutput,
    Importer,
    Values,
)
from local_kfp.runner.tasks import TaskFailed

WHOLE_VALUES = ("{{$.pipeline_job_create_time_utc}}", "{{$.pipeline_job_schedule_time_utc}}")
"""Placeholders that the driver replaces as a whole input value only, and leaves in a longer text."""

INPUT = re.compile(r"\{\{\$\.inputs\.(?:parameters|artifacts)\['(.+?)'\].*?\}\}")


class Container(NamedTuple):
    """An image, the command to run in it, and its environment variables."""

    image: str
    command: list[str]
    environment: dict[str, str]


def executor_input(
    component: Component, arguments: Values, folder: Path, constants: dict[str, str]
) -> ExecutorInput:
    inputs, outputs = component.get("inputDefinitions", {}), component.get("outputDefinitions", {})
    values = {name: value for name, value in arguments.items() if value is not None}
    artifacts = {name: values.pop(name) for name in inputs.get("artifacts", {}) if name in values}
    parameters = plain(values)
    table = constants | {_input(name): text(value) for name, value in parameters.items()}
    return {
        "inputs": {
            "parameterValues": {name: _resolved(value, table) for name, value in parameters.items()},
            "artifacts": {name: _artifacts(artifact) for name, artifact in artifacts.items()},
        },
        "outputs": {
            "parameters": {
                name: {"outputFile": str(folder / name)} for name in outputs.get("parameters", {})
            },
            "artifacts": {
                name: {"artifacts": [_artifact(name, output["artifactType"], str(folder / name))]}
                for name, output in outputs.get("artifacts", {}).items()
            },
            "outputFile": str(folder / "executor_output.json"),
        },
    }


def refuse_doubled(task: ExecutorInput) -> None:
    """Fail if one artifact comes by two inputs: a cluster's metadata store has no place for that.

    Seen with KFP 2.17.0 on a cluster: its events are unique by artifact, execution and direction, so the
    driver ends with `failed to lookup existing execution: no execution found`.
    """
    inputs: dict[str, str] = {}
    for name, listed in sorted(task["inputs"]["artifacts"].items()):
        for artifact in listed["artifacts"]:
            other = inputs.setdefault(artifact["uri"], name)
            if other != name:
                raise TaskFailed(
                    f"input artifacts {other} and {name}: expected two artifacts, found one; "
                    "Kubeflow's driver fails when a task takes an artifact twice"
                )


def container(spec: ContainerSpec, task: ExecutorInput, table: dict[str, str]) -> Container:
    """The container to run, with every placeholder replaced."""
    present = task["inputs"]["parameterValues"]
    words: list[str] = []
    for word in spec.get("command", []) + spec.get("args", []):
        words += _chosen(word, present)
    for named in INPUT.finditer(" ".join([spec["image"], *words])):
        if named[0] not in table:
            raise TaskFailed(
                f"input {named[1]}: expected a value, found none; Kubeflow's driver fails too: give it a "
                "default, or name it by dsl.IfPresentPlaceholder"
            )
    environment = {variable["name"]: variable.get("value", "") for variable in spec.get("env", [])}
    return Container(_filled(spec["image"], table), [_filled(word, table) for word in words], environment)


def placeholders(component: Component, task: ExecutorInput, constants: dict[str, str]) -> dict[str, str]:
    """The text for each placeholder of a task; others stay as they are, as on a cluster."""
    declared = component.get("inputDefinitions", {}).get("parameters", {})
    defaults = {name: input_["defaultValue"] for name, input_ in declared.items() if "defaultValue" in input_}
    table = constants | {"{{$}}": json.dumps(task)}
    for name, value in plain(defaults | task["inputs"]["parameterValues"]).items():
        table[_input(name)] = text(value)
    for name, parameter in task["outputs"]["parameters"].items():
        table[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = parameter["outputFile"]
    for side in ("inputs", "outputs"):
        for name, listed in task[side]["artifacts"].items():
            for attribute in ("path", "uri"):  # the same here: a local artifact's URI is its path
                uri = listed["artifacts"][0]["uri"] if listed["artifacts"] else ""
                table[f"{{{{$.{side}.artifacts['{name}'].{attribute}}}}}"] = uri
    return table


def collect_outputs(component: Component, task: ExecutorInput) -> Values:
    """Output parameters as values and output artifacts as documents, by name."""
    declared = component.get("outputDefinitions", {})
    written = _executor_output(Path(task["outputs"]["outputFile"]))
    outputs: Values = {}
    for name, parameter in task["outputs"]["parameters"].items():
        kind = declared["parameters"][name]["parameterType"]
        if name in written.get("parameterValues", {}):
            outputs[name] = plain(written["parameterValues"][name])
        else:
            outputs[name] = read_parameter(name, kind, Path(parameter["outputFile"]))
    for name, listed in task["outputs"]["artifacts"].items():
        artifact = listed["artifacts"][0]
        for changed in written.get("artifacts", {}).get(name, {}).get("artifacts", [])[:1]:
            artifact["uri"] = changed.get("uri") or artifact["uri"]
            artifact["metadata"] |= changed.get("metadata", {})
        outputs[name] = artifact
    return outputs


def imported(importer: Importer, component: Component, task: ExecutorInput) -> Values:
    """The artifact of a `dsl.importer`, which has to be on this machine: nothing is downloaded."""
    source = importer["artifactUri"]
    uri = str(source["constant"] if "constant" in source else task["inputs"]["parameterValues"]["uri"])
    path = uri.removeprefix("file://")
    if "://" in path:
        raise TaskFailed(
            f"dsl.importer of {uri}: expected a local path, because the local KFP server downloads nothing; "
            "pass the URI to the component as a parameter"
        )
    [(name, output)] = component["outputDefinitions"]["artifacts"].items()
    return {name: _artifact(name, output["artifactType"], path, importer.get("metadata", {}))}


def _artifact(name: str, kind: Struct, uri: str, metadata: Struct | None = None) -> Artifact:
    return {"name": name, "type": kind, "uri": uri, "metadata": metadata or {}}


def _artifacts(artifact: Any) -> Artifacts:
    """One artifact, or the list that a loop made."""
    return {"artifacts": artifact if isinstance(artifact, list) else [artifact]}


def _input(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


def _resolved(value: JsonValue, table: dict[str, str]) -> JsonValue:
    if not isinstance(value, str):
        return value
    if value in WHOLE_VALUES:
        return table[value]
    return _filled(value, {name: text for name, text in table.items() if name not in WHOLE_VALUES})


def _filled(word: str, table: dict[str, str]) -> str:
    return re.sub(r"\{\{\$.*?\}\}", lambda match: table.get(match[0], match[0]), word)


def _chosen(word: str, present: Struct) -> list[str]:
    """The words for an IfPresent; any other word is itself."""
    if word.startswith('{"Concat":'):
        raise TaskFailed("dsl.ConcatPlaceholder: no Kubeflow server resolves it; write an f-string instead")
    if not word.startswith('{"IfPresent":'):
        return [word]
    choice = json.loads(word)["IfPresent"]
    words = choice.get("Then" if choice["InputName"] in present else "Else") or []
    return [words] if isinstance(words, str) else words


def _executor_output(path: Path) -> ExecutorOutput:
    try:
        written: ExecutorOutput = json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise TaskFailed(f"executor output {path}: expected JSON, found {error}") from None
    if not isinstance(written, dict):
        raise TaskFailed(f"executor output {path}: expected an object, found {type(written).__name__}")
    return written
