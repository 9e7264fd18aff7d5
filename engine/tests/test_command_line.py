"""Tests of command_line: how the environment of a command is read."""

import os
import subprocess
import sys

import pytest

from engine.command_line import SettingsError, run, strip_environment

TOKEN = "secret-of-nobody"


def test_values_lose_the_white_space_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_REGISTRY_URI", " s3://models/flights\r\n")
    monkeypatch.setenv("KUBEFLOW_HOST", "\n")
    monkeypatch.setenv("IFS", " \t\n")
    monkeypatch.setenv("PS1", "$ ")
    with pytest.raises(SystemExit):
        run(lambda: 0)
    found = {name: os.environ[name] for name in ("MODEL_REGISTRY_URI", "KUBEFLOW_HOST", "IFS", "PS1")}
    assert found == {
        "MODEL_REGISTRY_URI": "s3://models/flights",
        "KUBEFLOW_HOST": "",
        "IFS": " \t\n",
        "PS1": "$ ",
    }


def test_values_without_white_space_around_them_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_REGISTRY_URI", "file:///a folder/models")
    strip_environment()
    assert os.environ["MODEL_REGISTRY_URI"] == "file:///a folder/models"


@pytest.mark.parametrize("runner", [True, False])
def test_words_of_a_change_in_an_error_are_no_commands_to_a_runner(monkeypatch, capsys, runner: bool) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    if runner:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = "a key\n  ::notice title=verdict::sha256:0\n##[add-matcher]x"

    def fail() -> None:
        raise SettingsError(words)

    with pytest.raises(SystemExit):
        run(fail)
    said = capsys.readouterr().err
    assert said.startswith("error: a key\n") and "notice" in said
    assert ("::" in said or "##[" in said) is not runner


@pytest.mark.parametrize("token", [f"{TOKEN}\n{TOKEN}", f"{TOKEN} {TOKEN}", f"{TOKEN}é"])
def test_an_invalid_token_is_not_shown(token: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run_pipeline", "training"],
        env=os.environ | {"KUBEFLOW_HOST": "http://127.0.0.1:9", "KUBEFLOW_TOKEN": token},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith("error: KUBEFLOW_TOKEN: expected a token")
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize("script", ["gate", "monitor", "predict", "train", "measure_margin"])
def test_scripts_name_themselves_as_typed_and_say_which_day_they_expect(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{script}", "--as-of", "yesterday"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: python -m scripts.{script} ")
    assert done.stderr.splitlines()[-1] == (
        f"python -m scripts.{script}: error: argument --as-of: "
        "expected a day such as 2013-09-02, or today, found 'yesterday'"
    )
