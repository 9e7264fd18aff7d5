"""Finds the tasks of a compiled pipeline whose commands name an input that they may not get."""

import json
import re
from collections.abc import Iterator

from engine.kubeflow.pipeline_spec import (
    ArtifactInput,
    Component,
    Container,
    ParameterInput,
    PipelineSpec,
    TaskInputs,
)

NAMED = re.compile(r"\{\{\$\.inputs\.(?:parameters|artifacts)\['(.+?)'\]")
IF_PRESENT = '{"IfPresent":'


def left_out(spec: PipelineSpec) -> Iterator[tuple[str, str]]:
    """Each task and input: optional, without a default, named in the task's command, and given by no one."""
    yield from _left_out_in(spec, spec["root"], _absent(spec["root"], {}, frozenset()))


def _left_out_in(spec: PipelineSpec, part: Component, absent: frozenset[str]) -> Iterator[tuple[str, str]]:
    for task in part["dag"]["tasks"].values():
        component = spec["components"][task["componentRef"]["name"]]
        missing = _absent(component, task.get("inputs", {}), absent)
        if "dag" in component:
            yield from _left_out_in(spec, component, missing)
            continue
        executor = spec["deploymentSpec"]["executors"][component["executorLabel"]]
        if container := executor.get("container"):
            names = _named(container, missing)
            yield from ((task["taskInfo"]["name"], name) for name in sorted(names & missing))


def _absent(component: Component, inputs: TaskInputs, outer: frozenset[str]) -> frozenset[str]:
    """The inputs of a component that may have no value, if those called `outer` have none around it."""
    declared = component.get("inputDefinitions", {})
    parameters = {
        name
        for name, each in declared.get("parameters", {}).items()
        if "defaultValue" not in each
        and _is_missing(inputs.get("parameters", {}).get(name), each.get("isOptional", False), outer)
    }
    artifacts = {
        name
        for name, each in declared.get("artifacts", {}).items()
        if _is_missing(inputs.get("artifacts", {}).get(name), each.get("isOptional", False), outer)
    }
    return frozenset(parameters | artifacts)


def _is_missing(source: ParameterInput | ArtifactInput | None, optional: bool, outer: frozenset[str]) -> bool:
    if source is None:
        return optional
    return bool({source.get("componentInputParameter"), source.get("componentInputArtifact")} & outer)


def _named(container: Container, missing: frozenset[str]) -> set[str]:
    words = [*container.get("command", []), *container.get("args", [])]
    text = "\n".join(_without_condition(word, missing) for word in words)
    return set(NAMED.findall(f"{container.get('image', '')}\n{text}"))


def _without_condition(word: str, missing: frozenset[str]) -> str:
    """The words that stand for a `dsl.IfPresentPlaceholder`, as text; any other word is itself."""
    if not word.startswith(IF_PRESENT):
        return word
    choice = json.loads(word)["IfPresent"]
    return json.dumps(choice.get("Else" if choice["InputName"] in missing else "Then"))
