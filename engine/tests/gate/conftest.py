"""Projects to gate: as they come from the template, and with a champion."""

from pathlib import Path

import pytest

from engine.tests.project import Project


@pytest.fixture(scope="session")
def promoted(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose first model was gated and promoted, trained on January to March."""
    project = fresh.copied_to(tmp_path_factory.mktemp("promoted") / "project")
    status, _ = project.gate("--as-of", "2013-05-02")
    assert status == 0
    done = project.run("promote")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(fresh: Project, tmp_path: Path) -> Project:
    return fresh.copied_to(tmp_path / "project")


@pytest.fixture
def with_champion(promoted: Project, tmp_path: Path) -> Project:
    return promoted.copied_to(tmp_path / "project")


@pytest.fixture
def own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
