"""Rows of a private store are in no artifact of a public repository."""

import json
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.gate.public_rows import refuse_private_rows
from engine.settings.data_schema import Data


def data(uri: str, public: bool = False) -> Data:
    """Settings of a joined table at `uri`, beside rows in the repository."""
    tables = {"flights": {"uri": "demo/flights", "time": "t"}, "weather": {"uri": uri, "time": "t"}}
    return Data.model_validate(
        {"as_of": "today", "tables": tables, "rows": "flights", "key": "id", "public": public}
    )


@pytest.fixture
def event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The event of a run in a public repository."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"repository": {"private": False}}))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
    return path


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize("uri", ["s3://bucket/weather", "file:///data/weather"])
def test_private_rows_are_refused_in_a_public_repository(uri: str) -> None:
    with pytest.raises(SettingsError, match=r"data\.tables\.weather: expected rows that anyone may read"):
        refuse_private_rows(data(uri))


def test_a_repository_that_is_not_said_to_be_private_is_public(event: Path) -> None:
    event.write_text("{}")
    with pytest.raises(SettingsError):
        refuse_private_rows(data("s3://bucket/weather"))


@pytest.mark.parametrize(
    ("uri", "public", "private"),
    [
        ("demo/weather", False, False),
        ("https://data.example/weather", False, False),
        ("s3://bucket/weather", True, False),
        ("s3://bucket/weather", False, True),
    ],
)
def test_other_rows_are_prepared(event: Path, uri: str, public: bool, private: bool) -> None:
    event.write_text(json.dumps({"repository": {"private": private}}))
    refuse_private_rows(data(uri, public))


def test_a_laptop_leaves_no_artifact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    refuse_private_rows(data("s3://bucket/weather"))
