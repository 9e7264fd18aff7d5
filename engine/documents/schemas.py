"""Write the JSON Schemas of all documents from their types; pydantic refuses TypedDict on Python 3.11."""

import json
import types
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from engine.command_line import parser
from engine.documents import monitor_decision, verdict
from engine.documents.images import ImageReferences
from engine.documents.keywords import Keywords
from engine.documents.ledger import Acceptance, MonitorState, Move, Pointer
from engine.documents.listing import Listing
from engine.documents.manifest import Manifest, PredictedShard
from engine.documents.parts import Provenance
from engine.documents.record import TrainingRecord
from engine.documents.version import StoredVersion
from engine.tables.snapshots import WrittenSnapshot

Schema = dict[str, object]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent
DOCUMENTS: dict[str, Any] = {
    "verdict": Annotated[verdict.Verdict, verdict.CONDITIONS],
    "decision": Annotated[monitor_decision.Decision, monitor_decision.CONDITIONS],
    "snapshot": WrittenSnapshot,
    "listing": Listing,
    "record": TrainingRecord,
    "version": StoredVersion,
    "pointer": Pointer,
    "move": Move,
    "acceptance": Acceptance,
    "monitor": MonitorState,
    "manifest": Manifest,
    "shard": PredictedShard,
    "images": ImageReferences,
}
OPEN = (Provenance,)
"""Types whose writers may add keys of their own."""
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null", dict: "object"}


def main() -> None:
    parser(__doc__).parse_args()
    for name, text in texts().items():
        (FOLDER / name).write_text(text)


def texts() -> dict[str, str]:
    """The schemas by file name."""
    return {f"{name}.schema.json": schema_text(kind) for name, kind in DOCUMENTS.items()}


def schema_text(kind: Any) -> str:
    parts: dict[str, Schema] = {}
    conditions = schema_of(kind, parts)
    root = str(conditions.pop("$ref", "")).rpartition("/")[2]
    document = parts.pop(root) if root else {}
    schema = {"$schema": DIALECT, **document, **conditions}
    return json.dumps(schema | ({"$defs": parts} if parts else {}), indent=2) + "\n"


def schema_of(kind: Any, parts: dict[str, Schema]) -> Schema:
    """The schema of a type; those of documents inside it are added to `parts` by name."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        if kind.__name__ not in parts:
            parts[kind.__name__] = {}  # its place, before those of its own parts
            parts[kind.__name__] = object_schema(kind, parts)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin in (Required, NotRequired):
        return schema_of(arguments[0], parts)
    if origin is Annotated:
        schema = schema_of(kind.__origin__, parts)
        for extra in kind.__metadata__:
            schema |= extra.keywords if isinstance(extra, Keywords) else {}
        return schema
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return any_of([schema_of(alternative, parts) for alternative in arguments])
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], parts)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], parts)}
    return {} if kind is object else {"type": PLAIN[kind]}


def any_of(alternatives: list[Schema]) -> Schema:
    if all(set(schema) == {"type"} for schema in alternatives):
        return {"type": [schema["type"] for schema in alternatives]}
    return {"anyOf": alternatives}


def object_schema(kind: Any, parts: dict[str, Schema]) -> Schema:
    """An object with the keys of the TypedDict `kind`, and with others only if it is open."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        "title": kind.__name__,
        "description": " ".join((kind.__doc__ or "").split()),
        "type": "object",
        "additionalProperties": kind in OPEN,
        "required": [name for name in hints if name in kind.__required_keys__],
        "properties": {name: schema_of(hint, parts) for name, hint in hints.items()},
    }


if __name__ == "__main__":
    main()
