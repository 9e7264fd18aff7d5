"""A copy of the project as a user has it on GitHub, with a quick suite of its own."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.workflows.act import PATH, Runner
from engine.tests.workflows.origin import Origin
from engine.tests.workflows.users import give_own_suite


@pytest.fixture(scope="session")
def users(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with a suite of one test instead of ours, which has its own time to run."""
    project = fresh.copied_to(tmp_path_factory.mktemp("users") / "project")
    give_own_suite(project)
    return project


@pytest.fixture(scope="session")
def on_github(users: Project, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Runner]:
    """Call it, and there is a repository at "GitHub" with the main branch of a project (default: `users`)."""
    if not shutil.which("node", path=PATH):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Node.js, which act calls for hashFiles")

    def create(project: Project = users) -> Runner:
        folder: Path = tmp_path_factory.mktemp("github")
        return Runner(Origin(folder, project), folder / "runs")

    return create
