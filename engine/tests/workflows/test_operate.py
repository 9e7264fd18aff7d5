"""operate.yml: each command does its one thing, and asks for what it needs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import register, verdict_on
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.granted import granted

SHA = "ab" * 20


@pytest.fixture(scope="module")
def github(on_github: Callable[..., Runner]) -> Runner:
    return on_github()


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    (tmp_path / "models").mkdir()
    return ModelRegistry((tmp_path / "models").as_uri(), "flight-delays")


@pytest.fixture
def operate(github: Runner, registry: ModelRegistry, tmp_path: Path) -> Callable[..., Run]:
    """Call it with the inputs that a person fills in; there is a model registry in the environment."""
    runner = replace(
        github,
        variables={"MODEL_REGISTRY_URI": (tmp_path / "models").as_uri()},
        home=github.home / tmp_path.name,
    )

    def start(command: str, environment: dict[str, str] | None = None, **inputs: Any) -> Run:
        filled_in = {"environment": "production"} | {key.replace("_", "-"): inputs[key] for key in inputs}
        payload = {"inputs": {"command": command} | filled_in}
        event = runner.origin.on_main("workflow_dispatch", payload, actor="bob")
        return runner.run("operate.yml", event, **(environment or {}))

    return start


def test_a_rollback_moves_the_champion_back_and_says_who_and_why(operate, registry, tmp_path) -> None:
    first = register(registry, tmp_path, "first")
    registry.promote(first, "", verdict_on("first"))
    second = register(registry, tmp_path, "second")
    registry.promote(second, first, verdict_on("second", first))

    run = operate("roll-back", reason="late on Mondays; $(id) `x`")

    assert run.results == {"roll-back": "success"}, run.printed
    assert registry.champion()["version"] == first
    reason = registry.history()[-1]["reason"]
    assert reason.startswith("late on Mondays; $(id) `x`") and "bob" in reason


def test_a_rollback_without_a_reason_moves_nothing(operate) -> None:
    run = operate("roll-back")

    assert run.results == {"roll-back": "failure"}
    assert "REASON: expected a value, found none" in run.printed


def test_a_retraining_without_an_endpoint_trains_nowhere(operate, github) -> None:
    runner = replace(github, home=github.home / "retrain")
    event = runner.origin.on_main("workflow_dispatch", {"inputs": {"command": "retrain"}})

    run = runner.run("operate.yml", event, jobs=["retrain"], given={"images": {}})

    assert run.results == {"images": "success", "retrain": "failure"}
    assert "KUBEFLOW_HOST, MODEL_REGISTRY_URI: expected a value, found none" in run.printed


def test_a_regression_is_accepted_on_its_commit_in_the_ledger_and_gated_again(
    operate, tmp_path: Path, github_api: GitHubApi
) -> None:
    github_api.add_pull(12, SHA, author="ann")
    github_api.permissions["bob"] = "write"
    last = github_api.add_run(SHA, conclusion="failure")
    allowed = granted(github_api, "operate/accept-regression")

    run = operate("accept-regression", allowed, pull_request="12", sha=SHA, reason="smaller is worth it")

    assert run.results == {"accept-regression": "success"}, run.printed
    (status,) = github_api.statuses[SHA]
    assert status["description"] == "accepted by bob: smaller is worth it"
    assert github_api.reruns == [last["id"]]
    assert [*(tmp_path / "models").rglob(f"ledger/accepted-{SHA}.json")]
