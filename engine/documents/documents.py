"""JSON documents in a store, each with its schema version; an unreadable one is an error, never absent."""

import hashlib
import json
from collections.abc import Mapping
from typing import TypeVar

from engine.command_line import WorldError
from engine.command_line.typed_json import checked
from engine.stores.storage import LostRace, open_store

SCHEMA_VERSION = 1

Document = Mapping[str, object]
"""Any of the documents; their types say which keys they have."""
Kind = TypeVar("Kind")


class Documents:
    """The documents below the folder `uri`; keys are relative to it."""

    def __init__(self, uri: str):
        self.uri = uri
        self.store = open_store(uri)

    def read(self, key: str, kind: type[Kind]) -> tuple[Kind, str]:
        """The document at `key`, which must be of the type `kind`, and its tag. NotFound if absent."""
        data, tag = self.store.read(key)
        expected = f"{self.uri}/{key}: expected a JSON object of schema version {SCHEMA_VERSION}"
        try:
            document = json.loads(data)
        except ValueError as error:
            raise WorldError(f"{expected}, found {len(data)} bytes that are not JSON ({error})") from None
        if not isinstance(document, dict) or document.get("schema_version") != SCHEMA_VERSION:
            raise WorldError(f"{expected}, found {data[:60]!r}")
        try:
            return checked(kind, document), tag
        except ValueError as error:
            raise WorldError(
                f"{self.uri}/{key}: expected a document of the type {kind.__name__}, found another ({error});"
                " restore it, or use the release that wrote it"
            ) from None

    def create(self, key: str, document: Document) -> None:
        """Write if there is nothing yet; what another writer left first stays."""
        try:
            self.swap(key, document, None)
        except LostRace:
            self.read(key, dict)

    def swap(self, key: str, document: Document, tag: str | None) -> None:
        """Replace what was read with `tag` (None: nothing was there); LostRace if it is another by now."""
        data = json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, sort_keys=True) + "\n"
        self.store.swap(key, data.encode(), tag)


def digest(document: Document, *without: str) -> str:
    """SHA-256 of the document's canonical JSON, leaving out the fields `without`."""
    content = {name: value for name, value in document.items() if name not in without}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
