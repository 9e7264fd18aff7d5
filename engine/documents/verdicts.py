"""Read a verdict document, checked against its schema."""

import json
from pathlib import Path

from engine import command_line
from engine.documents.verdict import Verdict

SCHEMA = Path(__file__).with_name("verdict.schema.json")


def read_verdict(path: Path) -> Verdict:
    """The document, checked: nothing passes because it could not be read."""
    import jsonschema

    try:
        verdict: Verdict = json.loads(path.read_bytes())
        jsonschema.validate(verdict, json.loads(SCHEMA.read_bytes()), jsonschema.Draft202012Validator)
    except ValueError as error:
        raise command_line.SettingsError(f"{path}: expected a verdict, found no JSON ({error})") from None
    except jsonschema.ValidationError as error:
        raise command_line.SettingsError(
            f"{path}: expected a verdict, found {error.json_path}: {error.message}"
        ) from None
    return verdict
