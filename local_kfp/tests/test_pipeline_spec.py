from pathlib import Path
from typing import Any

import pytest
import yaml

from local_kfp.server.errors import ApiError
from local_kfp.server.packages import read_package
from local_kfp.server.pipeline_spec import check_parameters, from_struct, from_yaml


@pytest.fixture
def spec(package: str) -> dict[str, Any]:
    return yaml.safe_load(Path(package).read_text())


def test_pipeline_is_the_same_after_a_round_trip(spec: dict[str, Any]):
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
    pipeline = from_yaml(yaml.safe_dump_all([spec, platform]).encode())
    assert (pipeline.spec, pipeline.platform) == (spec, platform)
    assert from_struct(pipeline.struct) == from_yaml(pipeline.yaml.encode()) == pipeline
    assert from_struct(spec).struct == spec


def test_dates_are_read_as_text():
    text = "schemaVersion: 2.1.0\npipelineInfo: {name: p, description: 2013-09-02}\nroot: {}"
    assert from_yaml(text.encode()).spec["pipelineInfo"]["description"] == "2013-09-02"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schemaVersion": "2.0.0"}, r"only supports schema version 2\.1\.0, but .* has version 2\.0\.0"),
        ({"pipelineInfo": {"name": "Upper Case"}}, "must contain only lowercase alphanumeric characters"),
        ({"pipelineInfo": {}}, r"pipelineInfo\.name and root"),
        ({"roots": {}}, 'unknown template format: .*no field named "roots"'),
    ],
)
def test_from_yaml_refuses_invalid_specifications(spec: dict[str, Any], changes: dict[str, Any], reason: str):
    with pytest.raises(ApiError, match=reason):
        from_struct(spec | changes)


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (b"{unclosed", "p.yaml", "failed to parse pipeline spec YAML"),
        (b"", "p.yaml", "unknown template format: no document in it"),
        (b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow", "p.yaml", "unknown template format"),
        (b"\xff\xfe\x00", "p.yaml", "failed to parse pipeline spec YAML"),
        (b"text", "p.txt", "Unexpected pipeline file format"),
        (b"PK not really", "p.zip", r"Error extracting pipeline from the archive p\.zip"),
        (b"\x1f\x8b not really", "p.tar.gz", r"Error extracting pipeline from the archive p\.tar\.gz"),
    ],
)
def test_upload_refuses_files_that_are_not_pipelines(content: bytes, filename: str, reason: str):
    with pytest.raises(ApiError, match=reason):
        from_yaml(read_package(filename, content))


def test_from_yaml_refuses_two_pipelines(spec: dict[str, Any]):
    with pytest.raises(ApiError, match="multiple pipeline specs provided"):
        from_yaml(yaml.safe_dump_all([spec, spec]).encode())


def test_check_parameters_accepts_declared_types(spec: dict[str, Any]):
    check_parameters(spec, {})
    check_parameters(spec, {"behave": "", "times": 2.0, "extra": {"a": [1]}})


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"typo": 1, "other": 2}, "parameter.s. provided are not required by pipeline: other, typo"),
        ({"times": "three"}, "input parameter times requires type NUMBER_INTEGER"),
        ({"times": True}, "input parameter times requires type NUMBER_INTEGER"),
        ({"behave": True}, "input parameter behave requires type STRING"),
        ({"extra": [1]}, "input parameter extra requires type STRUCT"),
        ({"behave": None}, "input parameter behave requires type STRING"),
    ],
)
def test_check_parameters_refuses_other_types_and_names(
    spec: dict[str, Any], parameters: dict[str, Any], reason: str
):
    with pytest.raises(ApiError, match=reason):
        check_parameters(spec, parameters)


def test_check_parameters_refuses_a_missing_parameter(spec: dict[str, Any]):
    declared = spec["root"]["inputDefinitions"]["parameters"]["day"]
    del declared["defaultValue"], declared["isOptional"]
    with pytest.raises(ApiError, match="parameter day is not optional"):
        check_parameters(spec, {})


def test_check_parameters_refuses_a_value_that_is_not_a_literal(spec: dict[str, Any]):
    spec["root"]["inputDefinitions"]["parameters"]["day"]["literals"] = ["mon", "tue"]
    check_parameters(spec, {"day": "tue"})
    with pytest.raises(ApiError, match="must be one of"):
        check_parameters(spec, {"day": "sun"})
