"""Tests of scripts/new_component.py: a component made by it keeps every rule and passes its test."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.workflows.users import lock

FILES = ("component.py", "main.py", "Dockerfile", "requirements.in")


@pytest.fixture
def project(fresh: Project, tmp_path: Path) -> Project:
    return fresh.copied_to(tmp_path / "project")


def test_a_new_component_keeps_the_rules_and_passes_its_test(project: Project) -> None:
    done = project.run("new_component", "clean_rows")

    assert done.returncode == 0, done.stderr
    expected = [f"components/clean_rows/{name}" for name in FILES] + ["tests/components/test_clean_rows.py"]
    assert done.stdout.splitlines()[:-1] == expected and "make lock" in done.stdout
    lock(project, "clean_rows")
    suites = ("tests/test_rules.py", "tests/components/test_clean_rows.py")
    for command in (
        ["pytest", "-q", *suites],
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "components/clean_rows"],
    ):
        tested = subprocess.run(
            [sys.executable, "-m", *command], cwd=project.root, capture_output=True, text=True
        )
        assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", ["load_data", "rows", "Clean_Rows", "clean-rows", "../clean_rows", "clean_"])
def test_a_name_that_is_taken_or_no_verb_and_noun_writes_nothing(project: Project, name: str) -> None:
    done = project.run("new_component", name)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert name in done.stderr
    assert project.git("status", "--porcelain") == ""
