"""Tests of scripts/ci/name_environment.py."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.tests.scripts.steps import ROOT

SCRIPTS = ("scripts/ci/name_environment.py", "engine/github/step.py", "engine/command_line/__init__.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the script needs of the project: it runs before anything is installed."""
    for name in SCRIPTS:
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "project" / name)
    for name in ("requirements.txt", "requirements-dev.txt", ".pre-commit-config.yaml"):
        (tmp_path / "project" / name).write_text(f"{name}\n")
    return tmp_path / "project"


def outputs(project: Path, *arguments: str) -> dict[str, str]:
    """What the script tells GitHub, called from elsewhere by a Python with no packages."""
    said = {name: project / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
    for file in said.values():
        file.write_text("")
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, str(project), *arguments],
        cwd=project.parent,
        env={name: str(file) for name, file in said.items()},
        check=True,
        capture_output=True,
    )
    assert said["GITHUB_PATH"].read_text() == f"{project}/.venv/bin\n"
    return dict(line.split("=", 1) for line in said["GITHUB_OUTPUT"].read_text().splitlines())


RUN = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module("scripts.ci.name_environment", run_name="__main__", alter_sys=True)
"""


def test_the_key_changes_with_what_is_locked_and_with_nothing_else(project):
    key = outputs(project)["key"]
    (project / "requirements-dev.txt").write_text("pytest==9.0.0\n")
    assert outputs(project)["key"] == key
    with_tests = outputs(project, "--tests", "true")
    assert with_tests["key"] != key
    assert (with_tests["path"], with_tests["hooks"]) == (f"{project}/.venv", "~/.cache/pre-commit")
    (project / ".pre-commit-config.yaml").write_text("repos: []\n")
    assert outputs(project, "--tests", "true")["key"] != with_tests["key"]
    assert outputs(project)["key"] == key
    (project / "requirements.txt").write_text("numpy==2.4.6\n")
    assert outputs(project)["key"] != key


def test_the_cached_environment_of_tests_contains_the_hooks(project):
    target = outputs(project, "--tests", "true")["target"]
    command = ["make", "--dry-run", "--what-if=.pre-commit-config.yaml", target]
    steps = subprocess.check_output(command, cwd=ROOT, text=True)
    assert "pre-commit install-hooks" in steps and f"touch {target}" in steps
