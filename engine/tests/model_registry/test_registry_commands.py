"""The model registry's command line: what tasks of a run do with it."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import METADATA, UNKNOWN, model_folder, record_of, verdict_on


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
