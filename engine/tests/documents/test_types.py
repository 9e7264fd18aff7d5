"""A misspelt key of a document is an error of the type checker."""

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from mypy import api

from engine.documents.schemas import DOCUMENTS
from engine.tables.snapshots import Snapshot, WrittenSnapshot

ROOT = Path(__file__).parents[3]
KEYS = {
    "engine/features/assembly.py": '["tables"]',
    "engine/features/outcomes.py": '"hidden"',
    "engine/training/training.py": 'training["seed"]',
    "engine/training/estimators.py": 'column["type"]',
    "engine/scoring/scoring.py": 'settings["key"]',
    "engine/scoring/batch.py": 'column["type"]',
    "engine/validation/window.py": '["name"]',
    "engine/validation/checks.py": 'column["known"]',
    "engine/gate/change.py": '"fingerprint": ',
    "engine/gate/known_verdicts.py": '"counts_after_the_merge"',
    "engine/gate/training_run.py": '"commit": commit',
    "scripts/monitor.py": '"commit": commit',
}
"""A key of settings or provenance, as each module writes it."""


def reader(name: str, kind: Any, key: str) -> str:
    """A module that reads `key` of a document."""
    return (
        f"from {kind.__module__} import {kind.__name__}\n\n\n"
        f"def read_{name}(document: {kind.__name__}) -> object:\n    return document[{key!r}]\n"
    )


def checked(modules: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What mypy says of modules by path, each as a file in `folder`, and its exit status."""
    monkeypatch.chdir(ROOT)
    files = {folder / Path(path).name: text for path, text in modules.items()}
    for file, text in files.items():
        file.write_text(text)
    options = ["--config-file", "pyproject.toml", "--no-error-summary"]
    said, _, status = api.run([*options, *map(str, files)])
    return said, status


def test_mypy_finds_a_misspelt_key_of_every_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {name: getattr(kind, "__origin__", kind) for name, kind in DOCUMENTS.items()}
    del kinds["images"]  # its keys are names of components
    keys = {
        name: next(iter(get_type_hints(getattr(kind, "__origin__", kind)))) for name, kind in kinds.items()
    }
    right = "".join(reader(name, kind, keys[name]) for name, kind in kinds.items())
    assert checked({"right.py": right}, tmp_path, monkeypatch) == ("", 0)
    wrong = "".join(reader(name, kind, f"{keys[name]}_") for name, kind in kinds.items())
    said, status = checked({"wrong.py": wrong}, tmp_path, monkeypatch)
    assert status == 1
    assert said.count("[typeddict-item]") == len(kinds)


def test_mypy_finds_a_misspelt_key_of_settings_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {path: (ROOT / path).read_text() for path in KEYS}
    assert all(key in right[path] for path, key in KEYS.items())
    assert checked(right, tmp_path, monkeypatch) == ("", 0)
    misspelt = {path: key.replace('"', '"mis', 1) for path, key in KEYS.items()}
    wrong = {path: text.replace(KEYS[path], misspelt[path]) for path, text in right.items()}
    said, status = checked(wrong, tmp_path, monkeypatch)
    assert status == 1
    assert {line.partition(":")[0].rpartition("/")[2] for line in said.splitlines()} == {
        Path(path).name for path in KEYS
    }


def test_a_snapshot_is_read_with_the_keys_that_it_is_written_with() -> None:
    assert get_type_hints(Snapshot).keys() == get_type_hints(WrittenSnapshot).keys()
