"""The JSON Schemas of documents are those of their types, and an older release's documents fit them."""

import json
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.documents.schemas import DOCUMENTS, FOLDER, texts

RELEASES = sorted((Path(__file__).parents[1] / "releases").glob("*.tar.xz"))
NAMES = {
    "verdict.json": "verdict",
    "decision.json": "decision",
    "versions/*/metadata.json": "version",
    "ledger/*.json": "move",
    "champion.json": "pointer",
    "monitor.json": "monitor",
    "manifest.json": "manifest",
    "runs/*/*.json": "shard",
}


def schema(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.schema.json").read_bytes())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_what_its_type_says(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text() == texts()[f"{name}.schema.json"]
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name.partition(".")[0])
@pytest.mark.parametrize("pattern", NAMES)
def test_documents_of_an_older_release_fit(pattern: str, release: Path) -> None:
    with tarfile.open(release) as archive:
        members = [each for each in archive if each.isfile() and Path(each.name).match(pattern)]
        documents = [json.loads(archive.extractfile(member).read()) for member in members]
    assert documents
    for document in documents:
        jsonschema.validate(document, schema(NAMES[pattern]), jsonschema.Draft202012Validator)
        if NAMES[pattern] == "version":
            jsonschema.validate(document["record"], schema("record"), jsonschema.Draft202012Validator)
