"""The model registry's ledger: promotions and rollbacks, of which the first one wins."""

import pytest

from engine.command_line import Finding, SettingsError
from engine.model_registry.model_registry import ModelRegistry, PromotionLost
from engine.tests.model_versions import UNKNOWN, champion_of, verdict_on


def test_promotions_and_rollbacks_are_moves_of_one_ledger(registry: ModelRegistry, promote, register) -> None:
    a, b, c = promote("a"), promote("b"), promote("c")
    assert champion_of(registry) == c

    registry.rollback(reason="c is late")
    assert champion_of(registry) == b
    registry.rollback()
    assert champion_of(registry) == a
    registry.rollback(to=c)

    history = registry.history()
    assert [move["sequence"] for move in history] == [1, 2, 3, 4, 5, 6]
    assert [move["move"] for move in history] == ["promote"] * 3 + ["rollback"] * 3
    assert [move["version"] for move in history] == [a, b, c, b, a, c]
    assert [move["previous"] for move in history] == ["", a, b, c, b, a]
    assert {move["metrics"]["roc_auc"] for move in history} == {0.7}
    assert history[0]["verdict"]["rows"]["data_sha256"] == "da7a"
    assert history[3]["reason"] == "c is late"
    assert registry.history(limit=2) == history[-2:]


def test_only_former_champions_are_gone_back_to(registry: ModelRegistry, register, promote) -> None:
    with pytest.raises(SettingsError, match="expected a former champion to go back to, found none"):
        registry.rollback()
    champion, never = promote("a"), register("b")
    for to in ("", champion, never, UNKNOWN):
        with pytest.raises(SettingsError, match="expected a former champion"):
            registry.rollback(to)
    assert len(registry.history()) == 1


def test_only_a_verdict_on_this_model_that_passed_promotes(
    registry: ModelRegistry, register, promote
) -> None:
    champion, version = promote("a"), register("b")
    for verdict, error, said in (
        (verdict_on("b", champion, passed=False), Finding, "the verdict is WORSE"),
        (verdict_on("b", champion) | {"passed": "true"}, Finding, "only one that passed promotes"),
        (verdict_on("a", champion), SettingsError, "the verdict is about the model"),
        (verdict_on("b", champion) | {"models": {}}, SettingsError, "the verdict is about the model None"),
        (verdict_on("b", UNKNOWN), SettingsError, f"the verdict is against {UNKNOWN}"),
        (verdict_on("b"), SettingsError, "the verdict is against no champion"),
    ):
        with pytest.raises(error, match=said):
            registry.promote(version, champion, verdict)
    assert champion_of(registry) == champion


def test_a_promotion_that_expects_another_champion_is_lost(
    registry: ModelRegistry, register, promote
) -> None:
    champion, version = promote("a"), register("b")
    for expected in ("", UNKNOWN):
        with pytest.raises(PromotionLost, match=f"the champion is {champion}, and the gate saw"):
            registry.promote(version, expected, verdict_on("b", expected))
    assert champion_of(registry) == champion


def test_promoting_the_champion_is_no_move(registry: ModelRegistry, promote) -> None:
    champion = promote("a")
    assert registry.promote(champion, champion, verdict_on("a", champion)) == registry.history()[-1]
    assert len(registry.history()) == 1


def test_two_runs_of_one_question_promote_once(
    registry: ModelRegistry, promote, register, monkeypatch
) -> None:
    """Both have seen the same champion, and have made the same version."""
    champion, version = promote("a"), register("b")
    swap = registry.store.swap

    def be_overtaken(key: str, data: bytes, tag: str | None) -> None:
        if key == "champion.json":
            monkeypatch.setattr(registry.store, "swap", swap)
            registry.promote(version, champion, verdict_on("b", champion))
        swap(key, data, tag)

    monkeypatch.setattr(registry.store, "swap", be_overtaken)
    overtaken = registry.promote(version, champion, verdict_on("b", champion))
    later = registry.promote(version, champion, verdict_on("b", champion))
    assert overtaken == later == registry.history()[-1]
    assert [move["version"] for move in registry.history()] == [champion, version]


def test_a_move_whose_answer_got_lost_has_won(registry: ModelRegistry, register, monkeypatch) -> None:
    swap = registry.store.swap

    def swap_and_ask_again(key: str, data: bytes, tag: str | None) -> None:
        swap(key, data, tag)
        if key == "champion.json":
            swap(key, data, tag)

    monkeypatch.setattr(registry.store, "swap", swap_and_ask_again)
    version = register("a")
    move = registry.promote(version, "", verdict_on("a"))
    assert registry.history() == [move | {"schema_version": 1}]


def test_a_move_that_was_overtaken_does_not_count(registry: ModelRegistry, register, monkeypatch) -> None:
    version, faster = register("a"), register("b")
    swap = registry.store.swap

    def be_overtaken(key: str, data: bytes, tag: str | None) -> None:
        if key == "champion.json":
            monkeypatch.setattr(registry.store, "swap", swap)
            registry.promote(faster, "", verdict_on("b"))
        swap(key, data, tag)

    monkeypatch.setattr(registry.store, "swap", be_overtaken)
    with pytest.raises(PromotionLost, match=f"the champion is {faster}, and another move was faster"):
        registry.promote(version, "", verdict_on("a"))
    assert [move["version"] for move in registry.history()] == [faster]
    assert len([name for name in registry.store.names() if name.startswith("ledger/")]) == 2
