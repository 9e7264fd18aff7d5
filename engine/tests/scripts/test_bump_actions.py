"""Test of scripts/bump_actions.py, against repositories of actions on this machine."""

from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.scripts.steps import Step

OLD = f"{'a' * 40} # v1.2.0"


@pytest.fixture
def action(tmp_path: Path) -> Project:
    """An action of three versions and a moving v2; the newest version has an annotated tag."""
    action = Project(tmp_path / "server/you/act")
    action.root.mkdir(parents=True)
    action.git("init", "--quiet")
    for version in ("v1.10.0", "v1.2.0", "v1.9.0"):
        action.git("commit", "--quiet", "--allow-empty", "--message", version)
        action.git("tag", *(["--annotate", "--message", "Newest"] if version == "v1.10.0" else []), version)
    action.git("tag", "v2")
    return action


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    workflow = tmp_path / "project/.github/workflows/a.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(f"- uses: you/act/save@{OLD}\n- uses: ./.github/actions/own\n")
    return workflow


def bump(tmp_path: Path, *words: str) -> Step:
    return Step(tmp_path / "project", "bump_actions", "--server", (tmp_path / "server").as_uri(), *words)


def test_bump_actions_pins_the_commit_of_the_newest_version(
    action: Project, workflow: Path, tmp_path: Path
) -> None:
    done = bump(tmp_path)

    assert (done.status, done.printed) == (0, "you/act: v1.2.0 -> v1.10.0\n"), done.error
    newest = action.git("rev-parse", "v1.10.0^{commit}")
    expected = f"- uses: you/act/save@{newest} # v1.10.0\n- uses: ./.github/actions/own\n"
    assert workflow.read_text() == expected
    assert bump(tmp_path).printed == ""


@pytest.mark.usefixtures("action")
def test_bump_actions_changes_nothing_in_a_dry_run(workflow: Path, tmp_path: Path) -> None:
    before = workflow.read_text()
    assert bump(tmp_path, "--dry-run").printed == "you/act: v1.2.0 -> v1.10.0\n"
    assert workflow.read_text() == before


@pytest.mark.usefixtures("workflow")
def test_bump_actions_names_an_action_that_it_cannot_reach(tmp_path: Path) -> None:
    done = bump(tmp_path)
    assert done.status == 3
    assert "/you/act: expected its tags, found: " in done.error and done.error.count("\n") == 1
