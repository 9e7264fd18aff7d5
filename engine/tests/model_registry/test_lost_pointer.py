"""Tests of a champion.json that is missing beside a ledger with moves."""

from pathlib import Path
from typing import Any

import pytest

from engine.command_line import SettingsError, WorldError
from engine.model_registry import lost_pointer
from engine.model_registry.lost_pointer import repair_pointer
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import register, verdict_on

POINTER = "champion.json"


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry((tmp_path / "registry").as_uri(), "flight-delays")


def promoted(registry: ModelRegistry, folder: Path, contents: str) -> list[str]:
    """The versions with these contents, each promoted after the other."""
    versions = [""]
    for content in contents:
        versions.append(register(registry, folder, content))
        registry.promote(versions[-1], versions[-2], verdict_on(content, versions[-2]))
    return versions[1:]


def lose_pointer(registry: ModelRegistry) -> bytes:
    path = Path(registry.documents.uri.removeprefix("file://")) / POINTER
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("contents", ["a", "ab"])
def test_lost_pointer_is_never_no_champion(registry: ModelRegistry, tmp_path: Path, contents: str) -> None:
    versions = promoted(registry, tmp_path, contents)
    before = lose_pointer(registry)
    with pytest.raises(WorldError, match=r"champion\.json: expected it .*scripts\.repair_champion"):
        registry.champion()

    repair_pointer(registry.documents)
    assert registry.documents.store.read(POINTER)[0] == before
    assert [move["version"] for move in registry.history()] == versions


def test_acceptance_in_the_ledger_is_no_move(registry: ModelRegistry) -> None:
    registry.accept("ab" * 20, "bob", "smaller", 12)
    assert registry.champion() is None
    with pytest.raises(SettingsError, match="expected one newest move, found none"):
        repair_pointer(registry.documents)


def test_first_promotion_that_is_under_way_is_waited_for(
    registry: ModelRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (version,) = promoted(registry, tmp_path, "a")
    content = lose_pointer(registry)
    monkeypatch.setattr(lost_pointer.time, "sleep", lambda _: registry.store.write(POINTER, content))
    champion: Any = registry.champion()
    assert champion["version"] == version


def test_repair_replaces_no_pointer(registry: ModelRegistry, tmp_path: Path) -> None:
    promoted(registry, tmp_path, "a")
    with pytest.raises(SettingsError, match="expected no such file, found one"):
        repair_pointer(registry.documents)


def test_repair_asks_which_of_two_moves_that_raced(registry: ModelRegistry, tmp_path: Path) -> None:
    promoted(registry, tmp_path, "a")
    lose_pointer(registry)
    other = register(registry, tmp_path, "b")
    registry.promote(other, "", verdict_on("b"))
    lose_pointer(registry)
    with pytest.raises(SettingsError, match=f"expected one newest move, found .*{other}"):
        repair_pointer(registry.documents)
    assert repair_pointer(registry.documents, other[:12])["version"] == other
