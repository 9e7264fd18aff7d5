"""Tests of ./mlops: the same commands as make, with their own exit statuses."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from engine.tests.project import ROOT

COMMANDS = {
    "set-up": "set_up",
    "demo": "demo",
    "doctor": "doctor",
    "gate": "gate",
    "promote": "promote",
    "rollback": "roll_back",
    "predict": "predict",
    "monitor": "monitor",
    "serve": "serve_model",
}
PYTHON = '#!/bin/sh\necho "$@"\nexit "$STATUS"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Launcher and Makefile in a path with a space, beside a Python that prints its arguments."""
    root = tmp_path / "a copy"
    (root / ".venv/bin").mkdir(parents=True)
    for name in ("mlops", "Makefile", "requirements.txt"):
        (root / name).symlink_to(ROOT / name)
    python = root / ".venv/bin/python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (root / ".venv/installed").touch()
    return root


def run(checkout: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """As a person runs it, even if make runs these tests."""
    here = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        words, cwd=checkout, env=here | {"STATUS": str(status)}, capture_output=True, text=True
    )


@pytest.mark.parametrize(("command", "script"), COMMANDS.items())
def test_launcher_runs_what_make_runs(checkout: Path, command: str, script: str) -> None:
    by_launcher, by_make = run(checkout, "./mlops", command), run(checkout, "make", command)
    assert by_launcher.stdout.split()[:2] == by_make.stdout.split()[:2] == ["-m", f"scripts.{script}"]
    assert (ROOT / f"scripts/{script}.py").is_file()


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_launcher_keeps_the_exit_status_that_make_replaces(checkout: Path, status: int) -> None:
    done = run(checkout, "./mlops", "gate", "--base", "a b", status=status)
    assert (done.returncode, done.stderr, done.stdout) == (status, "", "-m scripts.gate --base a b\n")
    assert run(checkout, "make", "gate", status=status).returncode == (2 if status else 0)


def test_launcher_prepares_the_environment_as_make_does(checkout: Path) -> None:
    (checkout / ".venv/installed").unlink()
    done = run(checkout, "./mlops", "gate")
    installed = "-m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt"
    notice = "installing requirements.txt into .venv, which takes about a minute"
    assert (done.stderr, done.stdout) == (f"{notice}\n{installed}\n", "-m scripts.gate\n")
    assert (checkout / ".venv/installed").exists()


def test_environment_that_cannot_be_made_is_the_worlds(checkout: Path) -> None:
    (checkout / ".venv/installed").unlink()
    assert run(checkout, "./mlops", "gate", status=1).returncode == 3


def test_unknown_command_is_a_mistake(checkout: Path) -> None:
    done = run(checkout, "./mlops", "gates")
    assert (done.returncode, done.stdout) == (2, "")
    usage = run(checkout, "./mlops").stdout
    assert done.stderr == f"error: gates: expected one of the commands below\n{usage}"
    assert {*re.findall(r"[\w-]+", usage.partition("[")[0])} == {"usage", "mlops", *COMMANDS}


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_launcher_lists_its_commands(checkout: Path, words: tuple[str, ...]) -> None:
    done = run(checkout, "./mlops", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ./mlops set-up|")
