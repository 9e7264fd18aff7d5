"""The graph of a compiled pipeline, and its picture."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kfp import compiler, dsl

from local_kfp.server.graph_picture import BOX_HEIGHT, picture
from local_kfp.server.pipeline_graph import Leaf, leaves
from local_kfp.server.task_details import Task


@dsl.container_component
def make(number: int, made: dsl.OutputPath(str)):
    return dsl.ContainerSpec(image="image", command=["make"], args=[number, made])


@dsl.container_component
def read(text: str, also: str = ""):
    return dsl.ContainerSpec(image="image", command=["read"], args=[text, also])


@dsl.pipeline(name="inner")
def inner(text: str) -> str:
    first = make(number=1).set_display_name("inner first")
    read(text=text, also=first.outputs["made"]).set_display_name("inner reads")
    return first.outputs["made"]


@dsl.pipeline(name="outer")
def outer():
    start = make(number=0).set_display_name("start")
    second = make(number=2).set_display_name("second").after(start)
    nested = inner(text=start.outputs["made"])
    read(text=nested.output, also=start.outputs["made"]).set_display_name("reads inner")
    with dsl.If(second.outputs["made"] == "yes", name="check"):
        make(number=3).set_display_name("if yes")
    with dsl.ParallelFor(["a", "b"], name="each") as item:
        read(text=item, also=second.outputs["made"]).set_display_name("in a loop")


def compiled(tmp_path: Path, pipeline: Any) -> list[Leaf]:
    compiler.Compiler().compile(pipeline, str(tmp_path / "pipeline.yaml"))
    return leaves(next(yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())))


def test_a_leaf_waits_for_the_last_of_those_that_come_before_it(tmp_path: Path) -> None:
    found = compiled(tmp_path, outer)
    title = {leaf.path: leaf.title for leaf in found}
    assert {leaf.title: {title[path] for path in leaf.producers} for leaf in found} == {
        "start": set(),
        "second": {"start"},
        "inner first": set(),
        "inner reads": {"inner first", "start"},
        "reads inner": {"inner reads"},
        "if yes": {"second"},
        "in a loop": {"second"},
    }


def task(number: int, name: str, parent: str | None, state: str) -> Task:
    return {
        "task_id": str(number),
        "name": name,
        "parent_task_id": parent,
        "state": state,
        "start_time": None,
        "log": f"logs/{number}.log",
    }


@pytest.mark.parametrize(("ended", "rest"), [(False, "PENDING"), (True, "SKIPPED")])
def test_boxes_stand_below_what_they_wait_for(tmp_path: Path, ended: bool, rest: str) -> None:
    found = compiled(tmp_path, outer)
    (loop,) = (leaf.path for leaf in found if leaf.title == "in a loop")
    tasks = [task(0, "root", None, "RUNNING"), task(1, loop[0], "0", "RUNNING")]
    for number, state in ((2, "SUCCEEDED"), (4, "FAILED")):
        iteration = task(number, f"{loop[0]}-iteration-{number // 4}", "1", state)
        tasks += [iteration, task(number + 1, loop[1], str(number), state)]

    drawn = picture(found, tasks, ended)

    boxes = {box["title"]: box for box in drawn["boxes"]}
    assert boxes["start"]["y"] == boxes["inner first"]["y"] == 0 < boxes["second"]["y"]
    assert boxes["second"]["y"] < boxes["if yes"]["y"] == boxes["in a loop"]["y"]
    assert {box["state"] for box in drawn["boxes"] if box["title"] != "in a loop"} == {rest}
    assert (boxes["in a loop"]["state"], boxes["in a loop"]["log"]) == ("FAILED", "3")
    assert len(drawn["edges"]) == 6
    for box in boxes.values():
        assert 0 <= box["x"] <= drawn["width"] - box["width"] + 0.1
        assert 0 <= box["y"] <= drawn["height"] - BOX_HEIGHT
        beside = [other for other in boxes.values() if other["y"] == box["y"] and other["x"] > box["x"]]
        assert all(other["x"] > box["x"] + box["width"] for other in beside)
