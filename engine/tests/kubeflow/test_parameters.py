"""Tests of engine/kubeflow/parameters.py: what a person gives becomes what the pipeline declares."""

import json

import pytest

from engine.command_line import SettingsError
from engine.kubeflow.parameters import read_parameters


def spec_of(**parameters: dict) -> dict:
    return {"root": {"inputDefinitions": {"parameters": parameters}}}


SPEC = spec_of(
    day={"parameterType": "STRING"},
    count={"parameterType": "NUMBER_INTEGER", "defaultValue": 1},
    rate={"parameterType": "NUMBER_DOUBLE", "defaultValue": 1},
    dry={"parameterType": "BOOLEAN", "isOptional": True},
    names={"parameterType": "LIST", "isOptional": True},
    extra={"parameterType": "STRUCT", "isOptional": True},
)


def test_each_type_is_read_as_it_is_declared(tmp_path):
    texts = ["day=007=x", "count=3", "rate=1e-3", "dry=false", 'names=["a"]', 'extra={"a": 1}']
    assert read_parameters(SPEC, assignments=texts) == {
        "day": "007=x",
        "count": 3,
        "rate": 0.001,
        "dry": False,
        "names": ["a"],
        "extra": {"a": 1},
    }


def test_an_assignment_comes_before_the_file(tmp_path):
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps({"day": "monday", "count": 2}))
    assert read_parameters(SPEC, file, ["day=tuesday"]) == {"day": "tuesday", "count": 2}


def test_a_pipeline_may_have_no_parameters():
    assert read_parameters({"root": {}}) == {}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "parameter day: expected a value, found none; give --parameter day=..."),
        (["day"], "--parameter day: expected name=value, found no ="),
        (["day=1", "cuont=2"], "parameter cuont: expected one of the pipeline, found no such; did"),
        (["day=1", "count=2.5"], "parameter count: expected a whole number, found '2.5'"),
        (["day=1", "dry=no"], "parameter dry: expected true or false, found 'no'"),
        (["day=1", "extra={"], "parameter extra: expected a JSON object, found '{'"),
        (["day=1", "extra=[]"], "parameter extra: expected a JSON object, found '[]'"),
        (["day=[[ScheduledTime.2006-01-02]]"], "parameter day: expected a value, found [[Sched"),
    ],
)  # fmt: skip
def test_a_parameter_of_another_type_is_named(texts, message):
    with pytest.raises(SettingsError) as error:
        read_parameters(SPEC, assignments=texts)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("content", ["[1]", "{"])
def test_a_file_that_is_no_object_is_named(tmp_path, content):
    (tmp_path / "odd.json").write_text(content)
    with pytest.raises(SettingsError, match=r"odd.json: expected "):
        read_parameters(SPEC, tmp_path / "odd.json")
