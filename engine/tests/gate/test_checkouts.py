"""Tests of gate/checkouts.py: what a change is judged against, and when it is a first model."""

import re
from pathlib import Path

import pytest

from engine.gate.checkouts import read_change
from engine.tests.gate.repositories import clone
from engine.tests.project import ROOT, Project

pytestmark = pytest.mark.usefixtures("own_git_settings")
SETTINGS = re.search(
    r"`mlops.yaml`\n\n```yaml\n(.*?)^```$", (ROOT / "docs/adopting.md").read_text(), re.M | re.S
)
SEED = ("mlops.yaml", ("seed: 1", "seed: 2"))


def test_change_of_main_without_a_remote_is_never_nothing(project: Project) -> None:
    assert read_change(project.root, None).parts() == [], "one commit, and nothing before it"
    project.edit(*SEED)
    uncommitted = read_change(project.root, None)
    assert "the newest commit of main; there is no remote; changed: mlops.yaml: training" in str(uncommitted)
    project.commit()
    (project.root / "notes.txt").write_text("no part of a model")
    committed = read_change(project.root, None)
    assert "(A step), the commit before the newest commit of main" in str(committed)
    assert committed.parts() == uncommitted.parts() == ["mlops.yaml: training"]


@pytest.mark.parametrize("state", ["uncommitted", "unpushed", "pushed", "no remote"])
def test_another_data_set_is_judged_as_a_first_model(project: Project, tmp_path: Path, state: str) -> None:
    assert SETTINGS
    remote = clone(project.root, tmp_path / "remote.git", "--bare")
    mine = project if state == "no remote" else clone(remote.root, tmp_path / "mine")
    (mine.root / "mlops.yaml").write_text(SETTINGS[1])
    if state != "uncommitted":
        mine.commit()
    if state == "pushed":
        mine.git("push", "--quiet", "origin", "main")
    change = read_change(mine.root, None)
    assert change.question(None)["model"] == "disease-progression"
    assert "control" not in change.policy()
    assert (change.base is None) == (state != "pushed")
    if change.base is None:
        assert "judged as a first model: " in str(change) and "another model, flight-delays" in str(change)


def test_another_name_alone_is_no_other_model(project: Project) -> None:
    project.edit("mlops.yaml", ("model: flight-delays", "model: another"))
    change = read_change(project.root, None)
    assert change.base and change.question(None)["model"] == "flight-delays"
