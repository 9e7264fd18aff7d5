"""Traces where the tasks of a compiled pipeline take their artifacts from."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

Component = Mapping[str, Any]
Source = tuple[str, ...]
"""The tasks that lead to what produced an artifact, outermost first, and the name of its output."""
Sources = frozenset[Source]
"""Where an artifact may come from; more than one for what `dsl.OneOf` chooses."""


def doubled(spec: Component) -> Iterator[tuple[str, str, str]]:
    """Each task that takes one artifact by two inputs, with the names of these inputs."""
    yield from _doubled_in(spec, spec["root"], (), {})


def _doubled_in(
    spec: Component, part: Component, path: tuple[str, ...], inputs: Mapping[str, Sources]
) -> Iterator[tuple[str, str, str]]:
    tasks = part["dag"]["tasks"]
    for key, task in tasks.items():
        taken = {
            name: _sources(spec, tasks, given, path, inputs)
            for name, given in task.get("inputs", {}).get("artifacts", {}).items()
        }
        component = spec["components"][task["componentRef"]["name"]]
        if "dag" in component:
            yield from _doubled_in(spec, component, (*path, key), taken)
            continue
        for one, other in combinations(sorted(taken), 2):
            if taken[one] & taken[other]:
                yield task.get("taskInfo", {}).get("name", key), one, other


def _sources(
    spec: Component, tasks: Component, given: Component, path: tuple[str, ...], inputs: Mapping[str, Sources]
) -> Sources:
    if "componentInputArtifact" in given:
        return inputs.get(given["componentInputArtifact"], frozenset())
    output = given["taskOutputArtifact"]
    return _produced(spec, tasks, output["producerTask"], output["outputArtifactKey"], path)


def _produced(spec: Component, tasks: Component, task: str, output: str, path: tuple[str, ...]) -> Sources:
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
                each["producerSubtask"],
                each["outputArtifactKey"],
                (*path, task),
            )
            for each in selectors
        )
    )
