"""Tests of scripts/roll_back.py: the champion goes back once, to a former one, and the ledger says why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.model_versions import register, verdict_on
from engine.tests.scripts.steps import Call

RUN = {
    "GITHUB_ACTOR": "ada",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "you/flight-delays",
    "GITHUB_RUN_ID": "7",
}


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    (tmp_path / "registry").mkdir()
    return ModelRegistry((tmp_path / "registry").as_uri(), "flight-delays")


@pytest.fixture
def champions(registry: ModelRegistry, tmp_path: Path) -> list[str]:
    """Three versions, each promoted over the one before."""
    versions: list[str] = []
    for content in ("first", "second", "third"):
        before = versions[-1] if versions else ""
        versions.append(register(registry, tmp_path, content))
        registry.promote(versions[-1], before, verdict_on(content, before))
    return versions


@pytest.fixture
def roll_back(tmp_path: Path, registry: ModelRegistry, call: Callable[..., Call]) -> Callable[..., Call]:
    (tmp_path / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    uri = registry.documents.uri.rpartition("/models/")[0]
    return lambda *words, **env: call(tmp_path, "roll_back", *words, MODEL_REGISTRY_URI=uri, **env)


def test_the_champion_goes_back_to_the_one_before_and_a_re_run_goes_no_further(
    registry, champions, roll_back
):
    done, again = roll_back("--reason", "late flights", **RUN), roll_back("--reason", "late flights", **RUN)
    why = "late flights (ada, https://github.com/you/flight-delays/actions/runs/7)"
    assert (done.status, again.status) == (0, 0)
    assert (
        done.printed == done.summary == f"flight-delays: back from {champions[2]} to {champions[1]}: {why}\n"
    )
    assert "already; nothing moved" in again.printed
    assert registry.champion()["version"] == champions[1]
    assert [(move["move"], move.get("reason")) for move in registry.history()[3:]] == [("rollback", why)]
    assert roll_back("--reason", "late flights", **RUN | {"GITHUB_RUN_ID": "8"}).status == 0
    assert registry.champion()["version"] == champions[0]


def test_a_version_may_be_named_by_how_it_begins(registry, champions, roll_back):
    for _ in range(2):
        assert roll_back(champions[0][:8], "--reason", "drift").status == 0
        assert registry.champion()["version"] == champions[0]
    assert len(registry.history()) == 4


def test_a_champion_other_than_the_expected_is_left(registry, champions, roll_back):
    done = roll_back("--reason", "drift", "--expected", champions[0])
    assert (done.status, len(registry.history())) == (1, 3)
    assert done.error == f"error: flight-delays: expected the champion {champions[0]}, found {champions[2]}\n"
    assert roll_back("--reason", "drift", "--expected", champions[2][:12]).status == 0


def test_a_reason_is_one_line_and_must_be_given(registry, champions, roll_back):
    assert roll_back("--reason", " ").status == 2
    assert roll_back("--reason", "late\n::error::flights").printed.count("\n") == 1
    assert registry.history()[-1]["reason"] == "late ::error::flights"


def test_a_roll_back_without_a_former_champion_is_refused(registry, tmp_path, roll_back):
    assert "expected a former champion to go back to, found none" in roll_back("--reason", "drift").error
    only = register(registry, tmp_path, "first")
    registry.promote(only, "", verdict_on("first"))
    for words in ((), ("0123",)):
        assert roll_back(*words, "--reason", "drift").status == 2
    assert registry.champion()["version"] == only
