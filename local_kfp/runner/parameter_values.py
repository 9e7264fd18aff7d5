"""Values of parameters: their types, and their text as Kubeflow's launcher and driver write it."""

import json
from pathlib import Path
from typing import Any

from local_kfp.json_types import JsonValue
from local_kfp.runner.task_documents import Definitions, Values
from local_kfp.runner.tasks import TaskFailed


def plain(value: Any) -> Any:
    """`value` with whole numbers as integers: protobuf has floats only, and Go formats them like integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def typed(declared: Definitions, arguments: Values) -> Values:
    """A component's arguments as the driver passes them: a STRING takes any value as text."""
    converted = dict(arguments)
    for name, parameter in declared.get("parameters", {}).items():
        kind, value = parameter["parameterType"], arguments.get(name)
        if value is None:
            if not parameter.get("isOptional") and "defaultValue" not in parameter:
                raise TaskFailed(f"input parameter {name}: expected a {kind}, found none")
        elif kind == "STRING":
            converted[name] = text(value)
        elif not _is(value, kind):
            raise TaskFailed(f"input parameter {name}: expected a {kind}, found {text(value)[:60]!r}")
    return converted


def text(value: object) -> str:
    """A parameter's value as text on a command line."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)


def read_parameter(name: str, kind: str, path: Path) -> JsonValue:
    if not path.is_file():
        raise TaskFailed(f"output parameter {name}: expected the task to write {path}, found no such file")
    content = path.read_text()
    if kind == "STRING":
        return content
    try:
        value = json.loads(content.strip().lower() if kind == "BOOLEAN" else content)
    except ValueError:
        value = None
    if not _is(value, kind) or (kind == "NUMBER_INTEGER" and not isinstance(value, int)):
        raise TaskFailed(f"output parameter {name}: expected a {kind}, found {content[:60]!r}")
    parameter: JsonValue = plain(value)
    return parameter


def _is(value: object, kind: str) -> bool:
    number = (int, float)
    types: dict[str, type | tuple[type, ...]] = {
        "NUMBER_DOUBLE": number,
        "NUMBER_INTEGER": number,
        "BOOLEAN": bool,
        "LIST": list,
    }
    return isinstance(value, types.get(kind, dict)) and (kind == "BOOLEAN" or not isinstance(value, bool))
