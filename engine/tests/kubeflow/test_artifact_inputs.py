"""Tests of artifact_inputs.py: a task takes no artifact twice, however the artifact reaches it."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl

from engine.kubeflow.artifact_inputs import doubled


@dsl.container_component
def write(table: dsl.Output[dsl.Dataset], flag: dsl.OutputPath(str)):
    return dsl.ContainerSpec("write", ["python"], [table.path, flag])


@dsl.container_component
def read(one: dsl.Input[dsl.Dataset], other: dsl.Input[dsl.Dataset]):
    return dsl.ContainerSpec("read", ["python"], [one.path, other.path])


@dsl.pipeline
def write_inside() -> dsl.Dataset:
    return write().outputs["table"]


@dsl.pipeline
def read_inside(one: dsl.Input[dsl.Dataset], other: dsl.Input[dsl.Dataset]):
    read(one=one, other=other)


@dsl.pipeline
def directly():
    table = write().outputs["table"]
    read(one=table, other=table)


@dsl.pipeline
def through_a_pipeline_that_reads():
    table = write().outputs["table"]
    read_inside(one=table, other=table)


@dsl.pipeline
def through_a_pipeline_that_writes():
    table = write_inside().output
    read_inside(one=table, other=table)


@dsl.pipeline
def in_one_branch():
    made = write()
    with dsl.If(made.outputs["flag"] == "yes"):
        read(one=made.outputs["table"], other=made.outputs["table"])


@dsl.pipeline
def chosen() -> dsl.Dataset:
    with dsl.If(write().outputs["flag"] == "yes"):
        first = write()
    with dsl.Else():
        second = write()
    return dsl.OneOf(first.outputs["table"], second.outputs["table"])


@dsl.pipeline
def by_a_choice():
    table = chosen().output
    read(one=table, other=table)


@dsl.pipeline
def two_outputs_of_one_pipeline():
    read_inside(one=write_inside().output, other=write_inside().output)


@dsl.pipeline
def two_tasks():
    read(one=write().outputs["table"], other=write().outputs["table"])


def found(pipeline: object, folder: Path) -> list[tuple[str, str, str]]:
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return list(doubled(next(yaml.safe_load_all(path.read_text()))))


@pytest.mark.parametrize(
    "pipeline",
    [directly, through_a_pipeline_that_reads, through_a_pipeline_that_writes, in_one_branch, by_a_choice],
    ids=lambda each: each.name,
)
def test_one_artifact_by_two_inputs_is_found(pipeline: object, tmp_path: Path) -> None:
    assert found(pipeline, tmp_path) == [("read", "one", "other")]


@pytest.mark.parametrize("pipeline", [two_tasks, two_outputs_of_one_pipeline], ids=lambda each: each.name)
def test_two_inputs_may_take_two_artifacts(pipeline: object, tmp_path: Path) -> None:
    assert found(pipeline, tmp_path) == []
