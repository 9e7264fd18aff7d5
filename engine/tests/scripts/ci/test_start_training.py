"""Tests of scripts/ci/start_training.py: an alarm starts one training, and one that was refused waits."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.monitoring.alarm_policy import Seen, decide
from engine.settings.settings import load
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.model_versions import register, verdict_on
from engine.tests.scripts.steps import Call
from engine.tests.standins.github_api import GitHubApi
from scripts.ci.start_training import PERMISSIONS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    text = DEMO_SETTINGS.read_text()
    (tmp_path / "mlops.yaml").write_text(text.replace("start: nested", "start: github"))
    return tmp_path


@pytest.fixture
def registry(checkout: Path) -> ModelRegistry:
    """With a champion."""
    registry = ModelRegistry((checkout / "models").as_uri(), "flight-delays")
    registry.promote(register(registry, checkout, "first"), "", verdict_on("first"))
    return registry


@pytest.fixture
def start(call: Callable[..., Call], checkout: Path, registry: ModelRegistry, github_api: GitHubApi) -> Any:
    github_api.workflows["training.yml"] = {"as-of"}
    uri = (checkout / "models").as_uri()

    def run(**permissions: str) -> Call:
        variables = github_api.environment(**permissions or PERMISSIONS | {"contents": "read"})
        return call(checkout, "start_training", MODEL_REGISTRY_URI=uri, **variables)

    return run


def alarm(registry: ModelRegistry, checkout: Path, day: str) -> None:
    """As the monitor raises it, and keeps it."""
    rules = load(checkout / "mlops.yaml").monitoring.model_dump()
    state, tag = registry.monitored()
    champion = registry.champion()["version"]
    seen = Seen(date.fromisoformat(day), day, champion, date(2013, 1, 1), judged=4, dropped=4)
    decision, state = decide(seen, state, rules, "a run")
    assert decision.alarm
    registry.keep_monitored(state, tag)


def test_an_alarm_starts_one_training_of_its_day(start, registry, checkout, github_api):
    assert "no alarm about the champion that waits" in start().printed
    alarm(registry, checkout, "2013-05-06")
    done = start()
    assert (done.status, "training.yml started on main as of 2013-05-06" in done.summary) == (0, True), (
        done.error
    )
    assert "waits" in start().printed
    assert github_api.dispatches == [
        {"workflow": "training.yml", "ref": "main", "inputs": {"as-of": "2013-05-06"}}
    ]


def test_an_alarm_whose_training_was_refused_waits_for_the_next_run(start, registry, checkout, github_api):
    alarm(registry, checkout, "2013-05-06")
    done = start(contents="read")
    assert done.status == 3
    assert "grant the job actions: write" in done.error
    assert "waits for the next run to try again" in done.error
    assert start().status == 0
    assert len(github_api.dispatches) == 1


def test_an_alarm_about_a_former_champion_starts_nothing(start, registry, checkout, github_api):
    alarm(registry, checkout, "2013-05-06")
    first = registry.champion()["version"]
    registry.promote(register(registry, checkout, "second"), first, verdict_on("second", first))
    assert (start().status, github_api.dispatches) == (0, [])


def test_a_monitor_that_decides_meanwhile_loses_nothing(start, registry, checkout, github_api, monkeypatch):
    alarm(registry, checkout, "2013-05-06")
    keep = ModelRegistry.keep_monitored

    def overtaken(self: ModelRegistry, state: Any, tag: str) -> None:
        monkeypatch.setattr(ModelRegistry, "keep_monitored", keep)
        now, its_tag = self.monitored()
        keep(self, now | {"as_of": "2013-05-07"}, its_tag)
        keep(self, state, tag)

    monkeypatch.setattr(ModelRegistry, "keep_monitored", overtaken)
    assert start().status == 0
    state, _ = registry.monitored()
    assert (state["as_of"], state["alarms"][-1]["started"]) == ("2013-05-07", True)


def test_another_setting_starts_nothing(start, registry, checkout, github_api):
    alarm(registry, checkout, "2013-05-06")
    (checkout / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    done = start()
    assert (done.status, done.printed) == (0, "monitoring.start is nested: no alarm starts training.yml\n")
