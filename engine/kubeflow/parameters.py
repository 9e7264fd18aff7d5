"""The parameters of a run, read as the types that the pipeline declares."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.command_line import SettingsError, nearest
from engine.kubeflow.pipeline_spec import JsonValue, PipelineSpec


def _object(text: str) -> dict[str, JsonValue]:
    value: JsonValue = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("another value")
    return value


def _list(text: str) -> list[JsonValue]:
    value: JsonValue = json.loads(text)
    if not isinstance(value, list):
        raise ValueError("another value")
    return value


READERS: dict[str, tuple[str, Callable[[str], JsonValue]]] = {
    "STRING": ("text", str),
    "NUMBER_INTEGER": ("a whole number", int),
    "NUMBER_DOUBLE": ("a number", float),
    "BOOLEAN": ("true or false", {"true": True, "false": False}.__getitem__),
    "LIST": ("a JSON list", _list),
    "STRUCT": ("a JSON object", _object),
}


def read_parameters(
    spec: PipelineSpec, file: Path | None = None, assignments: Iterable[str] = ()
) -> dict[str, JsonValue]:
    """What `file` (JSON) and then `assignments` (name=value) give to the pipeline of `spec`."""
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values = _from_file(file) if file else {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--parameter {assignment}: expected name=value, found no =")
        values[name] = _read(name, text, declared[name]["parameterType"]) if name in declared else text
    for name, value in values.items():
        if name not in declared:
            hint = nearest(name, declared) or f"; there are {', '.join(declared) or 'none'}"
            raise SettingsError(f"parameter {name}: expected one of the pipeline, found no such{hint}")
        if "[[" in str(value) and "]]" in str(value):
            raise SettingsError(
                f"parameter {name}: expected a value, found {value}: only schedules expand that"
            )
    for name, parameter in declared.items():
        if name not in values and "defaultValue" not in parameter and not parameter.get("isOptional"):
            raise SettingsError(
                f"parameter {name}: expected a value, found none; give --parameter {name}=..."
            )
    return values


def _from_file(file: Path) -> dict[str, JsonValue]:
    try:
        return _object(file.read_text())
    except ValueError as error:
        raise SettingsError(f"{file}: expected a JSON object of name: value, found {error}") from None


def _read(name: str, text: str, kind: str) -> JsonValue:
    expected, reader = READERS[kind]
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise SettingsError(f"parameter {name}: expected {expected}, found {text!r}") from None
