"""Traces where the tasks of a compiled pipeline take their artifacts from."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from engine.kubeflow.pipeline_spec import ArtifactInput, Component, PipelineSpec, Task

Source = tuple[str, ...]
"""The tasks that lead to what produced an artifact, outermost first, and the name of its output."""
Sources = frozenset[Source]
"""Where an artifact may come from; more than one for what `dsl.OneOf` chooses."""


def doubled(spec: PipelineSpec) -> Iterator[tuple[str, str, str]]:
    """Each task that takes one artifact by two inputs, with the names of these inputs."""
    yield from _doubled_in(spec, spec["root"], (), {})


def _doubled_in(
    spec: PipelineSpec, part: Component, path: tuple[str, ...], inputs: Mapping[str, Sources]
) -> Iterator[tuple[str, str, str]]:
    tasks = part["dag"]["tasks"]
    for key, task in tasks.items():
        taken = {
            name: _sources(spec, tasks, source, path, inputs)
            for name, source in task.get("inputs", {}).get("artifacts", {}).items()
        }
        component = spec["components"][task["componentRef"]["name"]]
        if "dag" in component:
            yield from _doubled_in(spec, component, (*path, key), taken)
            continue
        for one, other in combinations(sorted(taken), 2):
            if taken[one] & taken[other]:
                yield task["taskInfo"]["name"], one, other


def _sources(
    spec: PipelineSpec,
    tasks: Mapping[str, Task],
    source: ArtifactInput,
    path: tuple[str, ...],
    inputs: Mapping[str, Sources],
) -> Sources:
    if "componentInputArtifact" in source:
        return inputs.get(source["componentInputArtifact"], frozenset())
    output = source["taskOutputArtifact"]
    return _produced(spec, tasks, output["producerTask"], output["outputArtifactKey"], path)


def _produced(
    spec: PipelineSpec, tasks: Mapping[str, Task], task: str, output: str, path: tuple[str, ...]
) -> Sources:
    """The sources of a task's output: its own, or those of the tasks of the graph that it is."""
    component = spec["components"][tasks[task]["componentRef"]["name"]]
    if "dag" not in component:
        return frozenset({(*path, task, output)})
    selectors = component["dag"]["outputs"]["artifacts"][output]["artifactSelectors"]
    return frozenset().union(
        *(
            _produced(
                spec,
                component["dag"]["tasks"],
                selector["producerSubtask"],
                selector["outputArtifactKey"],
                (*path, task),
            )
            for selector in selectors
        )
    )
