"""The step of pr.yml that keeps the change, run by git on a runner as it is after other jobs."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from engine.tests.gate.repositories import new, step
from engine.tests.project import ROOT, Project

pytestmark = pytest.mark.usefixtures("own_git_settings")


def keep_the_change(project: Project) -> subprocess.CompletedProcess[str]:
    steps = yaml.safe_load((ROOT / ".github/workflows/pr.yml").read_text())["jobs"]["plan"]["steps"]
    command = next(each["run"] for each in steps if each["name"] == "Keep the change as candidate")
    return subprocess.run(["bash", "-e", "-c", command], cwd=project.root, capture_output=True, text=True)


def test_a_runner_that_keeps_worktrees_keeps_the_next_change(tmp_path: Path) -> None:
    project = new(tmp_path / "runner")
    assert keep_the_change(project).returncode == 0
    shutil.rmtree(project.root / "candidate")  # as actions/checkout cleans, which leaves git's record of it
    head = step(project, "Change")
    assert keep_the_change(project).stderr == ""
    assert Project(project.root / "candidate").git("rev-parse", "HEAD") == head


def test_a_change_that_has_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    project = new(tmp_path / "runner")
    (project.root / "candidate").mkdir()
    step(project, "candidate/notes.md")
    refused = keep_the_change(project)
    assert refused.returncode != 0
    assert "'candidate' already exists" in refused.stderr
    assert (project.root / "candidate/notes.md").is_file()
