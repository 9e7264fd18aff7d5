"""A model registry that is damaged, absent or closed is an error, and never one without a champion."""

import json
from pathlib import Path

import pytest

from engine.command_line import WorldError
from engine.model_registry.model_registry import ModelRegistry
from engine.stores import s3
from engine.tests import model_versions
from engine.tests.model_versions import UNKNOWN, champion_of, verdict_on
from engine.tests.standins.web_server import web_server


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"schema_version": 1, "version": "',
        b"<html>log in</html>",
        b"null",
        b'{"schema_version": 2, "version": "%s", "sequence": 1, "ledger": ""}' % UNKNOWN.encode(),
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "version": "", "sequence": 0, "ledger": ""}',
        b'{"schema_version": 1, "version": "../../elsewhere", "sequence": 1, "ledger": ""}',
        b"\xff\xfe",
    ],
)
def test_an_unreadable_champion_is_never_no_champion(registry, register, promote, content: bytes) -> None:
    champion, version = promote("a"), register("b")
    registry.store.write("champion.json", content)
    for use in (
        registry.champion,
        registry.history,
        registry.rollback,
        lambda: registry.promote(version, champion, verdict_on("b", champion)),
        lambda: registry.promote(version, "", verdict_on("b")),
    ):
        with pytest.raises(WorldError, match=r"champion\.json: expected"):
            use()
    assert registry.store.read("champion.json")[0] == content


def test_a_champion_that_is_not_there_is_an_error(registry: ModelRegistry, promote) -> None:
    champion = promote("a")
    pointer, _ = registry.documents.read("champion.json", dict)
    registry.store.write("champion.json", json.dumps(pointer | {"version": UNKNOWN}).encode())
    with pytest.raises(WorldError, match="there is no version"):
        registry.champion()
    assert registry.version(champion)


def test_changed_bytes_are_never_handed_out(
    registry: ModelRegistry, register, promote, tmp_path: Path
) -> None:
    former, champion, version = promote("a"), promote("b"), register("c")
    for broken in (former, version):
        registry.store.write(f"versions/{broken}/model/model.joblib", b"something else")
    for use in (
        lambda: registry.fetch(version, tmp_path / "fetched"),
        lambda: registry.promote(version, champion, verdict_on("c", champion)),
        registry.rollback,
    ):
        with pytest.raises(WorldError, match="expected the SHA-256"):
            use()
    assert not (tmp_path / "fetched").exists()
    assert champion_of(registry) == champion


def test_a_changed_document_is_never_believed(registry: ModelRegistry, promote) -> None:
    champion = promote("a")
    key = f"versions/{champion}/metadata.json"
    document, _ = registry.documents.read(key, dict)
    document["images"]["score_model"] = "elsewhere.example/image"
    registry.store.write(key, json.dumps(document).encode())
    with pytest.raises(WorldError, match="was changed since it was registered"):
        registry.champion()


def test_a_missing_bucket_is_an_error_and_is_not_made(seaweedfs, s3_folder: str, tmp_path: Path) -> None:
    registry = ModelRegistry("s3://no-such-bucket", "flights")
    for use in (
        registry.champion,
        registry.history,
        registry.rollback,
        lambda: model_versions.register(registry, tmp_path, "a"),
    ):
        with pytest.raises(WorldError, match="there is no bucket 'no-such-bucket'; create it first"):
            use()
    buckets = [found["Name"] for found in seaweedfs.client().list_buckets()["Buckets"]]
    assert "no-such-bucket" not in buckets


def test_a_read_only_identity_reads_and_changes_nothing(s3_folder: str, s3_identity, tmp_path: Path) -> None:
    registry = ModelRegistry(s3_folder, "flights")
    version, other = (model_versions.register(registry, tmp_path, content) for content in "ab")
    registry.promote(version, "", verdict_on("a"))
    names = registry.store.names()

    s3_identity("reader")
    assert registry.fetch(champion_of(registry), tmp_path / "fetched")["version"] == version
    for use in (
        lambda: registry.promote(other, version, verdict_on("b", version)),
        lambda: model_versions.register(registry, tmp_path, "c"),
    ):
        with pytest.raises(WorldError, match="the store refused these credentials"):
            use()
    assert (champion_of(registry), registry.store.names()) == (version, names)

    s3_identity("nobody")
    with pytest.raises(WorldError, match="the store refused these credentials"):
        registry.champion()


@pytest.mark.parametrize("status", [404, 500])
def test_a_store_that_is_down_is_never_no_champion(s3_identity, monkeypatch, status: int) -> None:
    with web_server(status, b"<html>sorry</html>") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        s3.forget_client()
        with pytest.raises(WorldError, match=f"the store answered {status}"):
            ModelRegistry("s3://models", "flights").champion()
