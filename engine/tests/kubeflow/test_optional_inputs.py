"""Tests of optional_inputs.py: a command names no input that its task may not get."""

from pathlib import Path
from typing import Optional

import pytest
import yaml
from kfp import compiler, dsl

from engine.kubeflow.optional_inputs import left_out

Name = Optional[str]  # noqa: UP045 - kfp has no str | None


@dsl.container_component
def write(table: dsl.Output[dsl.Dataset]):
    return dsl.ContainerSpec("write", ["python"], [table.path])


@dsl.container_component
def greet(name: Name = None, table: dsl.Input[dsl.Dataset] = None, mood: str = "fine"):
    return dsl.ContainerSpec("greet", ["python"], [f"--name={name}", table.path, mood])


@dsl.container_component
def greet_politely(name: Name = None):
    words = dsl.IfPresentPlaceholder("name", then=["--name", name], else_=["--unknown"])
    return dsl.ContainerSpec("greet", ["python"], [words])


@dsl.pipeline
def greet_inside(name: Name = None, table: dsl.Input[dsl.Dataset] = None):
    greet(name=name, table=table)


@dsl.pipeline
def gives_nothing():
    greet()


@dsl.pipeline
def gives_nothing_to_a_pipeline():
    greet_inside()


@dsl.pipeline
def may_get_no_name(name: Name = None):
    greet_inside(name=name, table=write().outputs["table"])


@dsl.pipeline
def gives_all():
    greet_inside(name="Ada", table=write().outputs["table"])


@dsl.pipeline
def has_a_default(name: str = "Ada"):
    greet(name=name, table=write().outputs["table"])


@dsl.pipeline
def loops():
    with dsl.ParallelFor(["Ada", "Grace"]) as name:
        greet(name=name, table=write().outputs["table"])


@dsl.pipeline
def asks_first(name: Name = None):
    greet_politely(name=name)
    greet_politely()


def names_left_out(pipeline: object, folder: Path) -> list[str]:
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    problems = list(left_out(next(yaml.safe_load_all(path.read_text()))))
    assert {task for task, _ in problems} <= {"greet"}
    return [name for _, name in problems]


@pytest.mark.parametrize(
    ("pipeline", "names"),
    [
        (gives_nothing, ["name", "table"]),
        (gives_nothing_to_a_pipeline, ["name", "table"]),
        (may_get_no_name, ["name"]),
    ],
)
def test_left_out_lists_optional_inputs_that_a_command_names(
    pipeline: object, names: list[str], tmp_path: Path
) -> None:
    assert names_left_out(pipeline, tmp_path) == names


@pytest.mark.parametrize(
    "pipeline", [gives_all, has_a_default, loops, asks_first], ids=lambda each: each.name
)
def test_left_out_accepts_inputs_that_are_given_or_tested_in_the_command(
    pipeline: object, tmp_path: Path
) -> None:
    assert names_left_out(pipeline, tmp_path) == []
