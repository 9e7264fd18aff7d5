"""The parameters of a run, read as the types that the pipeline declares."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError, nearest


def _json_of(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError
        return value

    return read


READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "STRING": ("text", str),
    "NUMBER_INTEGER": ("a whole number", int),
    "NUMBER_DOUBLE": ("a number", float),
    "BOOLEAN": ("true or false", {"true": True, "false": False}.__getitem__),
    "LIST": ("a JSON list", _json_of(list)),
    "STRUCT": ("a JSON object", _json_of(dict)),
}


def read_parameters(
    spec: Mapping[str, Any], file: Path | None = None, assignments: Iterable[str] = ()
) -> dict[str, Any]:
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
    for name, about in declared.items():
        if name not in values and "defaultValue" not in about and not about.get("isOptional"):
            raise SettingsError(
                f"parameter {name}: expected a value, found none; give --parameter {name}=..."
            )
    return values


def _from_file(file: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = _json_of(dict)(file.read_text())
        return values
    except ValueError as error:
        raise SettingsError(
            f"{file}: expected a JSON object of name: value, found {error or 'none'}"
        ) from None


def _read(name: str, text: str, kind: str) -> Any:
    expected, reader = READERS[kind]
    try:
        return reader(text)
    except (ValueError, KeyError):
        raise SettingsError(f"parameter {name}: expected {expected}, found {text!r}") from None
