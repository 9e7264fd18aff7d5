"""Read a verdict document, checked against its schema."""

import json
from pathlib import Path
from typing import Any

from engine import command_line

SCHEMA = Path(__file__).with_name("verdict.schema.json")


def read_verdict(path: Path) -> dict[str, Any]:
    """The document, checked: nothing passes because it could not be read."""
    import jsonschema

    try:
        verdict: dict[str, Any] = json.loads(path.read_bytes())
        jsonschema.validate(verdict, json.loads(SCHEMA.read_bytes()), jsonschema.Draft202012Validator)
    except ValueError as error:
        raise command_line.SettingsError(f"{path}: expected a verdict, found no JSON ({error})") from None
    except jsonschema.ValidationError as error:
        raise command_line.SettingsError(
            f"{path}: expected a verdict, found {error.json_path}: {error.message}"
        ) from None
    return verdict
