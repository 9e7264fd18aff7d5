"""Repositories with a remote, as users have them."""

from pathlib import Path

from engine.tests.project import Project


def new(root: Path, main: str = "main") -> Project:
    """A repository with the commits "One" and "Two" on its branch `main`."""
    root.mkdir()
    project = Project(root)
    project.git("init", "--quiet", "--initial-branch", main)
    step(project, "One")
    step(project, "Two")
    return project


def step(project: Project, name: str) -> str:
    (project.root / name).touch()
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", name)
    return project.git("rev-parse", "HEAD")


def clone(source: Path, target: Path, *options: str) -> Project:
    Project(source).git("clone", "--quiet", *options, source.as_uri(), str(target))
    return Project(target)


def pushed(tmp_path: Path, main: str = "main") -> Path:
    """A bare remote with the branches `main` and `change`, which has the commit "Change" on top of it."""
    project = new(tmp_path / "first", main)
    project.git("switch", "--quiet", "--create", "change")
    step(project, "Change")
    project.git("switch", "--quiet", main)
    return clone(project.root, tmp_path / "remote.git", "--bare").root
