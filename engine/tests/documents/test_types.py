"""A misspelt key of a document is an error of the type checker."""

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from mypy import api

from engine.documents.schemas import DOCUMENTS
from engine.tables.snapshots import Snapshot, WrittenSnapshot

ROOT = Path(__file__).parents[3]


def reader(name: str, kind: Any, key: str) -> str:
    """A module that reads `key` of a document."""
    return (
        f"from {kind.__module__} import {kind.__name__}\n\n\n"
        f"def read_{name}(document: {kind.__name__}) -> object:\n    return document[{key!r}]\n"
    )


def checked(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    monkeypatch.chdir(ROOT)
    breach = folder / "breach.py"
    breach.write_text(text)
    said, _, status = api.run(["--config-file", "pyproject.toml", "--no-error-summary", str(breach)])
    return said, status


def test_mypy_finds_a_misspelt_key_of_every_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {name: getattr(kind, "__origin__", kind) for name, kind in DOCUMENTS.items()}
    del kinds["images"]  # its keys are names of components
    keys = {
        name: next(iter(get_type_hints(getattr(kind, "__origin__", kind)))) for name, kind in kinds.items()
    }
    right = "".join(reader(name, kind, keys[name]) for name, kind in kinds.items())
    assert checked(right, tmp_path, monkeypatch) == ("", 0)
    wrong = "".join(reader(name, kind, f"{keys[name]}_") for name, kind in kinds.items())
    said, status = checked(wrong, tmp_path, monkeypatch)
    assert status == 1
    assert said.count("[typeddict-item]") == len(kinds)


def test_a_snapshot_is_read_with_the_keys_that_it_is_written_with() -> None:
    assert get_type_hints(Snapshot).keys() == get_type_hints(WrittenSnapshot).keys()
