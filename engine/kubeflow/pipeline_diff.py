"""What a deployment would change on the endpoint, as Markdown for people."""

import json
import re
from collections.abc import Iterator, Sequence

from engine.kubeflow.deployment import Step
from engine.kubeflow.pipeline_compiler import component_of
from engine.kubeflow.pipeline_spec import Parameter, PipelineSpec, containers, graph_tasks

DIGEST = re.compile(r"@sha256:([0-9a-f]{12})[0-9a-f]*")


def describe(steps: Sequence[Step]) -> str:
    """A line for each pipeline, and below it what is different inside."""
    lines = ["### Pipelines", ""]
    for step in steps:
        if step.newest is None:
            change = "**new pipeline**"
        elif step.needed:
            change = f"**new version**, in place of {_code(step.newest)}"
        else:
            change = f"unchanged, {_code(step.newest)}"
        lines.append(f"- {_code(step.pipeline)}: {change}")
        if step.needed and step.newest_spec:
            lines += [f"  - {difference}" for difference in differences(step.newest_spec, step.spec)]
    return "\n".join([*lines, ""])


def differences(before: PipelineSpec, after: PipelineSpec) -> list[str]:
    """In words: parameters, tasks, and by component images and resources; of what is left only that it is."""
    changes = [
        *_changed("parameter", _parameters(before), _parameters(after)),
        *_changed("task", _tasks(before), _tasks(after)),
        *_changed("image of", _images(before), _images(after)),
        *_changed("resources of", _resources(before), _resources(after)),
    ]
    return changes or ["how tasks are called or joined"]


def _changed(kind: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            yield f"{kind} {_code(name)} added{new and f': {_code(new)}'}"
        elif new is None:
            yield f"{kind} {_code(name)} removed"
        elif old != new:
            yield f"{kind} {_code(name)}: {_code(old)} → {_code(new)}"


def _parameters(spec: PipelineSpec) -> dict[str, str]:
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    return {name: _parameter(parameter) for name, parameter in declared.items()}


def _parameter(parameter: Parameter) -> str:
    default = f" = {json.dumps(parameter['defaultValue'])}" if "defaultValue" in parameter else ""
    return f"{parameter['parameterType']}{default}"


def _tasks(spec: PipelineSpec) -> dict[str, str]:
    return {key: "" for key, _ in graph_tasks(spec)}


def _images(spec: PipelineSpec) -> dict[str, str]:
    return {
        component_of(container) or label: DIGEST.sub(r"@\1", container["image"]).rpartition("/")[2]
        for label, container in containers(spec)
    }


def _resources(spec: PipelineSpec) -> dict[str, str]:
    return {
        component_of(container) or label: json.dumps(container.get("resources", {}), sort_keys=True)
        for label, container in containers(spec)
    }


def _code(text: str) -> str:
    """`text` as it is, whatever it says: nothing in it is Markdown, and it stays on its line."""
    return f"`{re.sub(r'[^ -~]|[`|<>]', '?', text)[:120]}`"
