"""The model registry: one set of promises, kept by a folder and by a bucket, and its command line."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine import sketches
from engine.command_line import Finding, SettingsError, WorldError
from engine.model_registry.model_registry import ModelRegistry, PromotionLost
from engine.stores import object_stores
from engine.stores.storage import NotFound
from engine.tests import model_versions
from engine.tests.model_versions import METADATA, model_folder, record_of, verdict_on
from engine.tests.standins.web_server import web_server

UNKNOWN = "0" * 64


@pytest.fixture(params=["file", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    if request.param == "file":
        return ModelRegistry((tmp_path / "registry").as_uri(), "flights")
    return ModelRegistry(f"{request.getfixturevalue('s3_folder')}/registry", "flights")


@pytest.fixture
def register(registry: ModelRegistry, tmp_path: Path) -> Callable[[str], str]:
    """Call it with a model's content to get its version."""
    return lambda content: model_versions.register(registry, tmp_path, content)


@pytest.fixture
def promote(registry: ModelRegistry, register: Callable[[str], str]) -> Callable[[str], str]:
    """Call it with a model's content, and its version is the champion."""

    def become_champion(content: str) -> str:
        version, champion = register(content), champion_of(registry) or ""
        registry.promote(version, champion, verdict_on(content, champion))
        return version

    return become_champion


def champion_of(registry: ModelRegistry) -> str | None:
    champion = registry.champion()
    return champion and champion["version"]


def test_a_new_registry_is_empty(registry: ModelRegistry) -> None:
    assert registry.champion() is None
    assert registry.history() == []


def test_what_was_accepted_first_stays(registry: ModelRegistry, promote) -> None:
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


def test_what_does_not_belong_together_is_not_registered(registry: ModelRegistry, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("name", ["", "Flights", "../x", "a/b", "-a", "a-", "a\n", "a" * 64])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(SettingsError, match="expected a model name"):
        ModelRegistry("file:///x", name)


@pytest.mark.parametrize("version", ["", "latest", "../" * 21 + "x", UNKNOWN.replace("0", "A")])
def test_versions_are_checked(version: str) -> None:
    with pytest.raises(SettingsError, match="expected a model's version"):
        ModelRegistry("file:///x", "flights").version(version)


def test_a_version_that_is_not_there_is_said(registry: ModelRegistry) -> None:
    with pytest.raises(NotFound, match=f"there is no version {UNKNOWN}"):
        registry.version(UNKNOWN)


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


def test_who_may_only_read_reads(s3_folder: str, s3_identity, tmp_path: Path) -> None:
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
        object_stores.s3_client.cache_clear()
        with pytest.raises(WorldError, match=f"the store answered {status}"):
            ModelRegistry("s3://models", "flights").champion()


class Command:
    """The component's command line on one registry, in an empty folder."""

    def __init__(self, registry: ModelRegistry, folder: Path):
        self.folder = folder
        self.common = ["--model-registry-uri", registry.documents.uri.removesuffix("/models/flights")]

    def __call__(self, name: str, *flags: object) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "components.model_registry.main",
            name,
            *self.common,
            "--name",
            "flights",
        ]
        return subprocess.run([*command, *map(str, flags)], capture_output=True, text=True)

    def resolve(self, alias: str = "champion", as_of: str = "2013-09-02") -> dict[str, str]:
        """What the outputs of resolve hold."""
        fallback = {
            "build_features_image": "f:0",
            "score_model_image": "s:0",
            "feature_settings": {"b": 1, "a": 2},
        }
        outputs = [
            "version",
            "history",
            "build-features-image",
            "score-model-image",
            "feature-settings",
            "digest",
            "day",
            "day",
        ]
        flags = [text for name in outputs for text in (f"--{name}", self.folder / "out" / name)]
        model = ["--model", self.folder / "out/model"]
        asked = ["--alias", alias, "--fallback", json.dumps(fallback), "--as-of", as_of]
        done = self("resolve", *asked, *model, *flags)
        assert done.returncode == 0, done.stderr
        return {name: (self.folder / "out" / name).read_text() for name in outputs}

    def register(self, content: str) -> str:
        for name, document in (("record", record_of(content)), ("verdict", verdict_on(content))):
            (self.folder / f"{name}-{content}").write_text(json.dumps(document))
        flags = [
            text
            for name in ("record", "verdict")
            for text in (f"--{name}", self.folder / f"{name}-{content}")
        ]
        model = ["--model", model_folder(self.folder, content)]
        version = self.folder / "version"
        done = self("register", *model, *flags, "--metadata", json.dumps(METADATA), "--version", version)
        assert done.returncode == 0, done.stderr
        return version.read_text()

    def promote(self, content: str, version: str, expected: str) -> subprocess.CompletedProcess[str]:
        verdict = self.folder / "verdict.json"
        verdict.write_text(json.dumps(verdict_on(content, expected)))
        return self.promote_by(verdict, version, expected)

    def promote_by(self, verdict: Path, version: str, expected: str) -> subprocess.CompletedProcess[str]:
        return self("promote", "--version", version, "--expected", expected, "--verdict", verdict)


@pytest.fixture
def command(registry: ModelRegistry, tmp_path: Path) -> Command:
    return Command(registry, tmp_path)


def test_the_command_without_a_champion_hands_out_the_fallback(command: Command) -> None:
    assert command.resolve() == {
        "version": '{"version":null}',
        "history": "[]",
        "build-features-image": "f:0",
        "score-model-image": "s:0",
        "feature-settings": '{"a":2,"b":1}',
        "digest": "",
        "day": "2013-09-02",
    }
    assert list((command.folder / "out/model").iterdir()) == []


def test_the_day_of_a_run_is_decided_once(command: Command) -> None:
    before = datetime.now(UTC).date()
    found = command.resolve(as_of="today")["day"]
    assert before <= date.fromisoformat(found) <= datetime.now(UTC).date()


def test_the_command_with_neither_champion_nor_fallback_says_so(command: Command) -> None:
    outputs = (
        "version",
        "history",
        "build-features-image",
        "score-model-image",
        "feature-settings",
        "digest",
        "day",
    )
    flags = [word for name in ("model", *outputs) for word in (f"--{name}", command.folder / name)]
    flags += ["--as-of", "today"]
    done = command("resolve", "--alias", "champion", "--fallback", "{}", *flags)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "flights: expected a champion, found none; promote a model first" in done.stderr


def test_the_command_takes_a_model_to_production_and_back(command: Command, registry: ModelRegistry) -> None:
    a, b = command.register("a"), command.register("b")
    assert command.promote("a", a, "").stdout == f"flights: the champion is {a}, move 1 of the ledger\n"
    assert command.promote("b", b, a).returncode == 0

    outputs = command.resolve()
    assert outputs["digest"] == b
    assert (command.folder / "out/model/model.joblib").read_text() == "b"
    assert json.loads(outputs["version"]) == registry.champion()
    assert json.loads(outputs["history"]) == registry.history()
    assert outputs["score-model-image"] == "score:1"
    assert json.loads(outputs["feature-settings"]) == METADATA["feature_settings"]

    assert command("rollback", "--reason", "late").returncode == 0
    assert command.resolve()["digest"] == a
    assert command.resolve(alias=b)["digest"] == b


def test_the_command_says_in_one_line_what_was_wrong(command: Command, registry: ModelRegistry) -> None:
    a, b = command.register("a"), command.register("b")
    command.promote("a", a, "")
    torn, missing = command.folder / "torn.json", command.folder / "missing.json"
    torn.write_text('{"passed": tr')
    for done, status, said in (
        (command.promote("b", b, ""), 1, f"the champion is {a}, and the gate saw none"),
        (command.promote_by(torn, a, a), 2, "expected a JSON document of the type Verdict"),
        (command.promote_by(missing, a, a), 3, "No such file"),
        (command.promote("a", UNKNOWN, a), 3, "there is no version"),
        (command("rollback"), 2, "expected a former champion"),
    ):
        assert (done.returncode, done.stderr.count("\n"), said in done.stderr) == (status, 1, True), (
            done.stderr
        )


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
