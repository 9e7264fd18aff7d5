"""Two runs side by side: which parameters differ, and what became of each task."""

import json
from collections.abc import Iterator
from contextlib import suppress

from local_kfp.json_types import JsonValue, Struct
from local_kfp.server.page_contexts import ComparedParameter, ComparedTask, Comparison, RunSummary, ShownTask

Side = tuple[RunSummary, Struct, list[ShownTask]]
"""A run, its parameters, and its tasks."""


def comparison(left: Side, right: Side) -> Comparison:
    """Parameters that are JSON objects are compared by their keys."""
    flat = [dict(_flat("", parameters)) for _, parameters, _ in (left, right)]
    names = list(dict.fromkeys([*flat[0], *flat[1]]))
    differing = [name for name in names if flat[0].get(name) != flat[1].get(name)]
    parameters: list[ComparedParameter] = [
        {"name": name, "texts": [side.get(name, "") for side in flat]} for name in differing
    ]
    return {
        "runs": [left[0], right[0]],
        "parameters": parameters,
        "equal": len(names) - len(differing),
        "tasks": [*_tasks(left[2], right[2])],
    }


def _flat(prefix: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    """The value, or what it is in text, as names with dots and texts."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(ValueError):  # a text that begins like JSON
            value = json.loads(value)
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)


def _tasks(left: list[ShownTask], right: list[ShownTask]) -> Iterator[ComparedTask]:
    sides = [{task["name"]: task for task in side if not task["is_parent"]} for side in (left, right)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        pair = [side.get(name) for side in sides]
        values = [task["parameters"] if task else {} for task in pair]
        differing = [
            each for each in {**values[0], **values[1]} if values[0].get(each) != values[1].get(each)
        ]
        yield {"name": name, "tasks": pair, "differing": differing}
