"""The picture of a run's graph: a box for each task, below those that it waits for, in its state's color."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import TypedDict

from local_kfp.server.nodes import ITERATION
from local_kfp.server.pipeline_graph import Leaf, Path
from local_kfp.server.task_details import Task

BOX_HEIGHT, ROW_HEIGHT, GAP, CHARACTER = 30, 62, 18, 7.3
"""Of the picture, in pixels; a character of a title is that wide."""
DOT = 34
"""Pixels of a box around its title: the dot of its state, and margins."""
WORST_FIRST = ("FAILED", "CANCELED", "RUNNING", "PENDING", "SUCCEEDED", "SKIPPED")


class Box(TypedDict):
    """`x` and `y` are of the upper left corner, in pixels; `log` is the id of the task that has it."""

    title: str
    state: str
    log: str | None
    x: float
    y: float
    width: float


class GraphPicture(TypedDict):
    """`edges` are paths of SVG, from the lower edge of a box to the upper edge of another."""

    width: float
    height: float
    boxes: list[Box]
    edges: list[str]


def picture(leaves: list[Leaf], tasks: list[Task], ended: bool) -> GraphPicture:
    """One box for a loop's iterations; a task without a record waits, or was skipped if the run ended."""
    recorded = _by_path(tasks)
    rows = _rows(leaves)
    widths = [sum(map(_width, row)) + GAP * (len(row) - 1) for row in rows]
    whole = max(widths, default=0.0)
    boxes: dict[Path, Box] = {}
    for number, (row, width) in enumerate(zip(rows, widths, strict=True)):
        x = (whole - width) / 2
        for leaf in sorted(row, key=lambda leaf: _middle(leaf.producers, boxes)):
            iterations = recorded.get(leaf.path, [])
            states = [task["state"] for task in iterations] or ["SKIPPED" if ended else "PENDING"]
            boxes[leaf.path] = {
                "title": leaf.title,
                "state": min(states, key=WORST_FIRST.index),
                "log": next((task["task_id"] for task in iterations if task["log"]), None),
                "x": round(x, 1),
                "y": number * ROW_HEIGHT,
                "width": round(_width(leaf), 1),
            }
            x += _width(leaf) + GAP
    return {
        "width": round(whole, 1),
        "height": len(rows) * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT),
        "boxes": [*boxes.values()],
        "edges": [_edge(boxes[path], boxes[leaf.path]) for leaf in leaves for path in sorted(leaf.producers)],
    }


def _by_path(tasks: Iterable[Task]) -> dict[Path, list[Task]]:
    """The records of each task of the graph: a loop's tasks have one for each iteration."""
    by_id = {task["task_id"]: task for task in tasks}
    recorded = defaultdict(list)
    for task in by_id.values():
        names, above = [], task
        while above["parent_task_id"]:
            names.append(above["name"])
            above = by_id[above["parent_task_id"]]
        path = tuple(name for name in reversed(names) if not ITERATION.fullmatch(name))
        recorded[path].append(task)
    return recorded


def _rows(leaves: list[Leaf]) -> list[list[Leaf]]:
    """A task stands in the row after the last of those that it waits for."""
    producers = {leaf.path: leaf.producers for leaf in leaves}
    number: dict[Path, int] = {}
    for path in TopologicalSorter(producers).static_order():
        number[path] = max((number[each] + 1 for each in producers[path]), default=0)
    rows: list[list[Leaf]] = [[] for _ in range(max(number.values(), default=-1) + 1)]
    for leaf in leaves:
        rows[number[leaf.path]].append(leaf)
    return rows


def _middle(producers: Iterable[Path], boxes: Mapping[Path, Box]) -> float:
    """Where a task crosses fewest edges: below the middle of those that it waits for."""
    middles = [boxes[path]["x"] + boxes[path]["width"] / 2 for path in producers]
    return sum(middles) / len(middles) if middles else 0.0


def _width(leaf: Leaf) -> float:
    return len(leaf.title) * CHARACTER + DOT


def _edge(upper: Box, lower: Box) -> str:
    x, y = upper["x"] + upper["width"] / 2, upper["y"] + BOX_HEIGHT
    to_x, to_y = lower["x"] + lower["width"] / 2, lower["y"]
    bend = (to_y - y) / 2
    return f"M{x:.1f} {y:.1f}C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}"
