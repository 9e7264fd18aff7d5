"""Tests of scripts/deploy_model.py and of a rollback where KServe serves: pointer and service go together."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.model_versions import verdict_on
from engine.tests.scripts.steps import Call
from engine.tests.served_versions import SERVING, answer_of, register_served

CONTENTS = ("first", "second version")


@pytest.fixture
def stage(
    s3_folder: str, cluster, tmp_path: Path, call: Callable[..., Call], monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """Two champions, one after the other, and scripts in a project that has KServe serve them."""
    registry = ModelRegistry(s3_folder, "flight-delays")
    versions = [register_served(registry, tmp_path, content) for content in CONTENTS]
    for version, content, before in zip(versions, CONTENTS, ("", versions[0]), strict=True):
        cluster.answers[version] = answer_of(content)
        registry.promote(version, before, verdict_on(content, before))
    settings = DEMO_SETTINGS.read_text()
    written = SERVING | {"canary": SERVING["canary"] | {"pause_seconds": 6, "requests": 2}}
    (tmp_path / "mlops.yaml").write_text(settings + yaml.safe_dump({"serving": written}))
    keys = {"SERVING_ACCESS_KEY_ID": "reader", "SERVING_SECRET_ACCESS_KEY": "reader-secret"}

    def run(*words: str, **variables: str) -> Call:
        return call(tmp_path, *words, MODEL_REGISTRY_URI=s3_folder, **keys, **variables)

    return SimpleNamespace(registry=registry, first=versions[0], second=versions[1], run=run)


def test_the_champion_is_served_and_unchanged_it_is_left_alone_at_once(stage, cluster):
    done = stage.run("deploy_model", GITHUB_REPOSITORY="you/it", GITHUB_RUN_ID="7")
    assert (done.status, done.error) == (0, "")
    assert done.summary in done.printed
    annotations = cluster.service()["metadata"]["annotations"]
    assert (annotations["mlops/model-version"], annotations["mlops/run"]) == (
        stage.second,
        "you/it/actions/runs/7",
    )
    cluster.calls.clear()
    start = time.perf_counter()
    again = stage.run("deploy_model")
    assert time.perf_counter() - start < 1
    assert "is served already; nothing to do" in again.printed
    assert cluster.changes() == []


def test_any_version_may_be_deployed_by_how_it_begins(stage, cluster):
    done = stage.run("deploy_model", stage.first[:9])
    assert done.status == 0
    assert f"the champion is {stage.second} as before" in done.printed
    assert cluster.traffic() == {stage.first: 100}
    assert stage.registry.champion()["version"] == stage.second
    assert stage.run("deploy_model", "0123").status == 2


def test_a_dry_run_shows_everything_but_keys_and_asks_no_cluster(stage, cluster):
    shown = stage.run("deploy_model", "--dry-run", KUBECONFIG="")
    kinds = [each["kind"] for each in yaml.safe_load_all(shown.printed)]
    assert kinds == ["Secret", "ServiceAccount", "ServingRuntime", "InferenceService"]
    assert "AWS_SECRET_ACCESS_KEY: (hidden)" in shown.printed
    assert cluster.calls == []


def test_without_the_section_it_says_what_is_missing(stage, tmp_path):
    (tmp_path / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    done = stage.run("deploy_model")
    assert (done.status, "serving: expected {namespace: ...} to serve in" in done.error) == (2, True)


def test_a_rollback_moves_what_is_served_and_then_the_pointer(stage, cluster):
    assert stage.run("deploy_model").status == 0
    cluster.on_apply = lambda _: champions.append(stage.registry.champion()["version"])
    champions: list[str] = []
    done = stage.run("roll_back", "--reason", "late flights")
    assert (done.status, done.error) == (0, "")
    assert {*champions} == {stage.second}
    assert cluster.traffic() == {stage.first: 100}
    assert stage.registry.champion()["version"] == stage.first
    assert 3.0 not in cluster.clock.slept  # no steps: users wait for it
    cluster.calls.clear()
    again = stage.run("roll_back", "--reason", "late flights")
    assert (again.status, cluster.changes()) == (0, [])


def test_a_rollback_that_was_interrupted_is_finished_by_the_next_call(stage, cluster, monkeypatch):
    assert stage.run("deploy_model").status == 0

    def killed(*_: object) -> None:
        raise SystemExit(143)

    with monkeypatch.context() as patched:
        patched.setattr(ModelRegistry, "rollback", killed)
        assert stage.run("roll_back", "--reason", "late flights").status == 143
    assert (cluster.traffic(), stage.registry.champion()["version"]) == ({stage.first: 100}, stage.second)
    assert stage.run("roll_back", "--reason", "late flights").status == 0
    assert stage.registry.champion()["version"] == stage.first


def test_a_former_champion_that_cannot_be_served_is_not_gone_back_to(stage, cluster):
    assert stage.run("deploy_model").status == 0
    cluster.fates[stage.first] = "pull"
    done = stage.run("roll_back", "--reason", "late flights")
    assert (done.status, "ImagePullBackOff" in done.error) == (1, True)
    assert (cluster.traffic(), stage.registry.champion()["version"]) == ({stage.second: 100}, stage.second)
    cluster.down = True
    assert stage.run("roll_back", "--reason", "late flights").status == 3
    assert stage.registry.champion()["version"] == stage.second
