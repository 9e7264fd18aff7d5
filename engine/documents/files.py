"""Read a document that another task left in a file, checked against its type."""

import json
from pathlib import Path
from typing import TypeVar

from engine.command_line import SettingsError
from engine.command_line.typed_json import checked

Kind = TypeVar("Kind")


def read(path: Path, kind: type[Kind]) -> Kind:
    """The document of the type `kind` in the file at `path`."""
    try:
        return checked(kind, json.loads(path.read_bytes()))
    except ValueError as error:
        expected = getattr(kind, "__name__", str(kind))
        raise SettingsError(
            f"{path}: expected a JSON document of the type {expected}, found another ({error});"
            " run what writes it again"
        ) from None
