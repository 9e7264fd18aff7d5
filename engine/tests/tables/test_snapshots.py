"""Tests of snapshots.py: a snapshot is read only as what load_data writes, in this commit or an old one."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import SettingsError
from engine.tables.snapshots import read_snapshot

OF_THE_FIRST_LAYOUT = {
    "window": "evaluation",
    "start": "2013-06-01T00:00:00",
    "end": "2013-07-01T00:00:00",
    "as_of": "2013-07-03",
    "label_matures_after_days": 2,
    "tables": {"flights": {"rows": 3, "sha256": "ab", "uri": "data/flights"}},
    "sha256": "cd",
}
"""The keys that load_data of commit c57c3cf writes."""


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "snapshot.json"
    path.write_text(json.dumps(OF_THE_FIRST_LAYOUT | changes))
    return path


def test_a_snapshot_of_the_first_layout_is_read_with_its_text(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_snapshot(path) == (OF_THE_FIRST_LAYOUT, path.read_text())


@pytest.mark.parametrize(
    ("changes", "mismatch"),
    [
        ({"tables": []}, "tables: expected an object"),
        ({"tables": {"flights": {"rows": 3, "sha256": "ab"}}}, "tables.flights: expected uri, found none"),
        ({"lead_hours": "2"}, "lead_hours: expected an integer"),
    ],
)
def test_another_document_is_refused_by_file_and_key(
    tmp_path: Path, changes: dict[str, Any], mismatch: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_snapshot(written(tmp_path, **changes))
    assert "snapshot.json: expected a snapshot" in str(refused.value)
    assert mismatch in str(refused.value)
