"""Checks of what is uploaded as a pipeline, a KFP specification of schema 2.1.0, and of its parameters."""

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NotRequired, TypedDict

import yaml
from google.protobuf import json_format

from local_kfp.json_types import JsonValue, Struct
from local_kfp.server.documents import read_yaml
from local_kfp.server.errors import ApiError, invalid

SCHEMA_VERSION = "2.1.0"
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "NUMBER_DOUBLE": (int, float),
    "NUMBER_INTEGER": (int, float),
    "STRING": str,
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
}


class Parameter(TypedDict):
    parameterType: NotRequired[str]
    isOptional: NotRequired[bool]
    defaultValue: NotRequired[JsonValue]
    literals: NotRequired[list[JsonValue]]


class Inputs(TypedDict):
    parameters: NotRequired[dict[str, Parameter | None] | None]


class Root(TypedDict):
    inputDefinitions: NotRequired[Inputs | None]


class PipelineInfo(TypedDict):
    name: str


class PipelineSpec(TypedDict):
    """The fields that are read here; protobuf also reads null as an empty message."""

    schemaVersion: NotRequired[str]
    pipelineInfo: PipelineInfo
    root: Root | None


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's specification, and its Kubernetes settings if it has any."""

    spec: PipelineSpec
    platform: Struct | None = None

    @classmethod
    def from_stored(cls, struct: Any) -> "Pipeline":
        """The pipeline of a struct that was checked before."""
        stored: Any = struct
        return (
            cls(stored["pipeline_spec"], stored["platform_spec"])
            if "platform_spec" in struct
            else cls(stored)
        )

    @property
    def struct(self) -> Mapping[str, object]:
        """The form in the API."""
        return {"pipeline_spec": self.spec, "platform_spec": self.platform} if self.platform else self.spec

    @property
    def yaml(self) -> str:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        documents = [document for document in (self.spec, self.platform) if document]
        return yaml.dump_all(documents, Dumper=dumper, sort_keys=False)


def from_yaml(text: bytes) -> Pipeline:
    try:
        documents = read_yaml(text)
    except ValueError as error:
        raise invalid(f"failed to parse pipeline spec YAML: {error}") from None
    return _from_documents([document for document in documents if document is not None])


def from_struct(struct: Mapping[str, Any]) -> Pipeline:
    if "pipeline_spec" in struct:
        return _from_documents([struct["pipeline_spec"], *filter(None, [struct.get("platform_spec")])])
    return _from_documents([struct])


def _from_documents(documents: list[Any]) -> Pipeline:
    specs: list[PipelineSpec] = []
    platforms: list[Struct] = []
    reasons: list[str] = []
    for document in documents:
        if isinstance(document, dict) and "platforms" in document:
            platforms.append(document)
            continue
        reason = _flaw(document)
        reasons.append(reason) if reason else specs.append(document)
    if not specs:
        raise invalid("unknown template format: " + (reasons[0] if reasons else "no document in it"))
    for kind, listed in (("pipeline", specs), ("platform", platforms)):
        if len(listed) > 1:
            raise invalid(f"multiple {kind} specs provided")
    spec = specs[0]
    if spec.get("schemaVersion") != SCHEMA_VERSION:
        raise invalid(
            f"KFP only supports schema version {SCHEMA_VERSION}, but the pipeline spec has version "
            f"{spec.get('schemaVersion', '')}"
        )
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,127}", spec["pipelineInfo"]["name"]):
        raise invalid(
            "pipeline's name must contain only lowercase alphanumeric characters or '-' and must start with "
            "alphanumeric characters"
        )
    return Pipeline(spec, platforms[0] if platforms else None)


def _flaw(document: Any) -> str | None:
    """Why a document is not a pipeline specification, or None if it is one."""
    if not isinstance(document, dict):
        return f"expected a pipeline specification, found {type(document).__name__}"
    try:
        spec = json_format.ParseDict(document, _messages().PipelineSpec())
    except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
        return " ".join(str(error).split())
    # Names with underscores are another way to write the fields, which the server does not read.
    is_complete = spec.pipeline_info.name and spec.HasField("root")
    if not is_complete or not {"pipelineInfo", "root"} <= document.keys():
        return "expected a pipeline specification with pipelineInfo.name and root"
    return None


@cache
def _messages() -> ModuleType:
    """KFP's generated protobuf module, loaded without the import of all of kfp."""
    kfp = importlib.util.find_spec("kfp")
    assert kfp and kfp.origin
    path = Path(kfp.origin).parent / "pipeline_spec" / "pipeline_spec_pb2.py"
    module_spec = importlib.util.spec_from_file_location("pipeline_spec_pb2", path)
    assert module_spec and module_spec.loader
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def check_parameters(spec: PipelineSpec, parameters: Struct) -> None:
    """Refuse parameters that the pipeline does not declare, that are missing, or that have another type."""
    # Protobuf also reads null, "" and [] as an empty message.
    declared = ((spec["root"] or {}).get("inputDefinitions") or {}).get("parameters") or {}
    for name, parameter in ((name, parameter or {}) for name, parameter in declared.items()):
        if name in parameters:
            _check_type(name, parameter, parameters[name])
            _check_value(name, parameters[name])
        elif not parameter.get("isOptional") and "defaultValue" not in parameter:
            raise invalid(
                f"parameter {name} is not optional, yet has neither default value nor user provided value"
            )
    if extra := sorted(parameters.keys() - declared.keys()):
        raise invalid(f"parameter(s) provided are not required by pipeline: {', '.join(extra)}")


def _check_value(name: str, value: JsonValue) -> None:
    """The real server's engine takes `{{inputs` for a template of its own, which it cannot resolve."""
    if "{{inputs" in json.dumps(value):
        reason = f"parameter {name}: expected a value without {{{{inputs, found {value!r}"
        raise ApiError("INTERNAL", f"InternalServerError: Failed to create the workflow: {reason}")


def _check_type(name: str, parameter: Parameter, value: JsonValue) -> None:
    kind = parameter.get("parameterType", "")
    expected = _PYTHON_TYPES.get(kind)
    if expected is None:
        raise invalid(f"input parameter {name} has type {kind}, which the server does not support")
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "BOOLEAN"):
        raise invalid(f"input parameter {name} requires type {kind}, but the parameter value is {value!r}")
    if parameter.get("literals") and value not in parameter["literals"]:
        raise invalid(f"input parameter {name} must be one of {parameter['literals']}, found {value!r}")
