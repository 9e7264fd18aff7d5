"""The model registry: one set of promises, kept by a folder and by a bucket."""

import hashlib
from pathlib import Path

import pytest

from engine import sketches
from engine.command_line import SettingsError, WorldError
from engine.model_registry.model_registry import ModelRegistry
from engine.stores.storage import NotFound
from engine.tests.model_versions import METADATA, UNKNOWN, champion_of, model_folder, record_of, verdict_on


def test_a_new_registry_is_empty(registry: ModelRegistry) -> None:
    assert registry.champion() is None
    assert registry.history() == []


def test_the_first_acceptance_of_a_commit_stays(registry: ModelRegistry, promote) -> None:
    champion = promote("a")
    commit = "ab" * 20
    first = registry.accept(commit, "bob", "smaller", 12)
    assert (first["commit"], first["by"], first["reason"], first["pull_request"]) == (
        commit,
        "bob",
        "smaller",
        12,
    )
    assert registry.accept(commit, "eve", "other", 13) == first
    assert registry.accept("cd" * 20, "eve", "other", 13)["by"] == "eve"
    assert champion_of(registry) == champion
    assert [move["move"] for move in registry.history()] == ["promote"]
    with pytest.raises(SettingsError, match="expected a commit"):
        registry.accept("../champion", "eve", "other", 13)


def test_a_version_says_what_it_is(registry: ModelRegistry, register, tmp_path: Path) -> None:
    version = register("a")
    document = registry.fetch(version, tmp_path / "fetched")

    assert (tmp_path / "fetched/model.joblib").read_text() == "a"
    expected = METADATA | {
        "version": version,
        "record": record_of("a"),
        "model_sha256": record_of("a")["model_sha256"],
        "model_bytes": 1,
        "metrics": {"roc_auc": 0.7},
    }
    assert {name: document[name] for name in expected} == expected
    assert document["verdict"]["verdict"] == "BETTER"
    assert registry.champion() is None


def test_registering_again_changes_nothing(registry: ModelRegistry, register, tmp_path: Path) -> None:
    version = register("a")
    document, names = registry.version(version), registry.store.names()

    later = verdict_on("a") | {"as_of": "2013-10-01"}
    again = registry.register(model_folder(tmp_path, "a"), record_of("a"), later, METADATA)
    assert (again, registry.version(version), registry.store.names()) == (version, document, names)


@pytest.mark.parametrize(
    "change",
    [
        {"code_sha": "beef"},
        {"feature_settings": METADATA["feature_settings"] | {"rows": "trains"}},
        {"images": {"build_features": "features:2", "score_model": "score:1"}},
    ],
)
def test_the_same_bytes_born_elsewhere_are_another_version(
    registry, register, tmp_path, change: dict
) -> None:
    other = registry.register(model_folder(tmp_path, "a"), record_of("a"), verdict_on("a"), METADATA | change)
    assert other != register("a")


def test_record_verdict_and_metadata_of_other_models_are_not_registered(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    folder = model_folder(tmp_path, "a")
    for record, verdict, metadata in (
        (record_of("b"), verdict_on("a"), METADATA),
        (record_of("a"), verdict_on("b"), METADATA),
        (record_of("a"), verdict_on("a") | {"models": {}}, METADATA),
        (record_of("a"), verdict_on("a"), METADATA | {"images": {"score_model": "score:1"}}),
    ):
        with pytest.raises(SettingsError):
            registry.register(folder, record, verdict, metadata)
    assert registry.store.names() == []


def test_golden_requests_are_kept_with_the_version_and_checked(
    registry: ModelRegistry, register, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="has no golden requests; train it again"):
        registry.golden(register("a"))
    folder, content = (
        model_folder(tmp_path, "b"),
        b'{"request": {"inputs": [], "outputs": []}, "expected": []}',
    )
    (folder / "golden.json").write_bytes(content)
    record = record_of("b") | {"golden_sha256": hashlib.sha256(content).hexdigest()}
    version = registry.register(folder, record, verdict_on("b"), METADATA)
    assert registry.golden(version) == {"request": {"inputs": [], "outputs": []}, "expected": []}
    assert registry.model_uri(version) == f"{registry.documents.uri}/versions/{version}/model/"
    assert [name for name in registry.store.names() if f"{version}/model/" in name] == [
        f"versions/{version}/model/model.joblib"
    ]
    registry.store.write(f"versions/{version}/golden.json", b"{}")
    with pytest.raises(WorldError, match="expected a file of the SHA-256"):
        registry.golden(version)
    with pytest.raises(SettingsError, match="the record is about golden"):
        registry.register(folder, record | {"golden_sha256": "0"}, verdict_on("b"), METADATA)


@pytest.mark.parametrize("name", ["", "Flights", "../x", "a/b", "-a", "a-", "a\n", "a" * 64])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(SettingsError, match="expected a model name"):
        ModelRegistry("file:///x", name)


@pytest.mark.parametrize("version", ["", "latest", "../" * 21 + "x", UNKNOWN.replace("0", "A")])
def test_versions_are_checked(version: str) -> None:
    with pytest.raises(SettingsError, match="expected a model's version"):
        ModelRegistry("file:///x", "flights").version(version)


def test_a_missing_version_is_reported(registry: ModelRegistry) -> None:
    with pytest.raises(NotFound, match=f"there is no version {UNKNOWN}"):
        registry.version(UNKNOWN)


def test_sketches_are_kept_with_the_version_and_checked(registry: ModelRegistry, tmp_path: Path) -> None:
    folder, record = model_folder(tmp_path, "a"), record_of("a")
    record |= {"sketches_sha256": sketches.write({}, folder / sketches.FILE)}
    version = registry.register(folder, record, verdict_on("a"), METADATA)
    registry.fetch(version, tmp_path / "fetched")
    assert sketches.read(tmp_path / "fetched" / sketches.FILE) == {}

    registry.store.write(f"versions/{version}/{sketches.FILE}", b"others")
    with pytest.raises(WorldError, match="expected a file of the SHA-256"):
        registry.fetch(version, tmp_path / "fetched")
    (folder / sketches.FILE).write_bytes(b"others")
    with pytest.raises(SettingsError, match="the record is about sketches"):
        registry.register(folder, record, verdict_on("a"), METADATA)
