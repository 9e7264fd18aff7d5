"""What JSON Schemas say of documents, and where that is written."""

from collections.abc import Iterator
from pathlib import Path

from engine.documents.schemas import texts
from engine.tests.conventions.rules import breach, found, rule


@rule(breach("engine/documents/verdict.schema.json:1", "{}\n"))
def schemas_are_made_from_types(root: Path) -> Iterator[str]:
    made = texts()
    for name, path in found(root, "engine/documents/*.schema.json"):
        if path.read_text() != made.get(path.name):
            yield f"{name}:1: expected what the types say; run .venv/bin/python -m engine.documents.schemas"
