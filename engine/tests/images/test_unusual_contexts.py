"""What git and builders do to a build context without a word is refused in one line, in a real repository."""

from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.images.images import components, name_all, recover, stage, stage_all
from engine.sources import GitIndex, GitTree, Source, WorkTree
from engine.tests.images.component_project import git, new_project

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3\n"
LFS = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def commit(project: Path, path: str, content: str) -> None:
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text(content)
    git(project, "add", "--all")
    git(project, "commit", "-qm", f"Add {path}")


def with_lfs(project: Path) -> None:
    """A filter that cleans as git-lfs does, and content that was pulled."""
    git(project, "config", "filter.lfs.clean", f"printf '{POINTER}'".replace("\n", "\\n"))
    git(project, "config", "filter.lfs.smudge", "printf yes")
    commit(project, ".gitattributes", LFS)
    commit(project, "components/load_data/model.bin", "yes")


@pytest.mark.parametrize("source", [WorkTree, GitIndex])
@pytest.mark.parametrize("content", ["yes", POINTER], ids=["pulled", "not pulled"])
def test_a_git_lfs_pointer_is_not_staged(project: Path, source: type[Source], content: str) -> None:
    with_lfs(project)
    (project / "components/load_data/model.bin").write_text(content)
    git(project, "add", "--renormalize", ".")
    with pytest.raises(SettingsError) as error:
        stage_all(source(project))
    assert str(error.value).startswith(
        "components/load_data/model.bin: expected the file itself, found a Git"
    )
    assert "\n" not in str(error.value)
    assert not (project / ".mlops").exists()


def test_an_lfs_file_that_no_image_copies_is_allowed(project: Path) -> None:
    with_lfs(project)
    commit(project, "notes.bin", "yes")
    git(project, "rm", "--quiet", "components/load_data/model.bin")
    assert stage_all(WorkTree(project)) == stage_all(GitIndex(project))


@pytest.mark.parametrize("source", [WorkTree, GitIndex])
@pytest.mark.parametrize("folder", ["load-data", "größe", "load data"])
def test_a_component_that_cannot_be_named_is_refused(
    project: Path, source: type[Source], folder: str
) -> None:
    commit(project, f"components/{folder}/Dockerfile", "FROM a\n")
    with pytest.raises(
        SettingsError, match=rf"^components/{folder}: expected a name of letters, digits and _"
    ):
        name_all(source(project), "ghcr.io/you/model")


@pytest.mark.parametrize("source", [WorkTree, GitIndex])
@pytest.mark.parametrize("kind", [".dockerignore", ".containerignore"])
def test_an_ignore_file_that_a_builder_would_read_is_refused(
    project: Path, source: type[Source], kind: str
) -> None:
    commit(project, kind, "*.py\n")
    name_all(source(project), "ghcr.io/you/model")  # of the repository, not of the staged context
    commit(project, "components/load_data/Dockerfile", f"FROM a\nCOPY {kind} components/load_data ./\n")
    with pytest.raises(
        SettingsError, match=rf"^\{kind}: expected no such file in the build context of load_"
    ):
        name_all(source(project), "ghcr.io/you/model")
    commit(project, "components/load_data/Dockerfile", "FROM a\nCOPY components/load_data/main.py ./\n")
    commit(project, f"components/load_data/Dockerfile{kind}", "*.py\n")
    with pytest.raises(SettingsError, match=rf"^components/load_data/Dockerfile\{kind}: expected no such"):
        name_all(source(project), "ghcr.io/you/model")


def test_a_commit_that_was_made_with_them_still_gives_its_images(project: Path) -> None:
    with_lfs(project)
    commit(project, "components/load_data/Dockerfile.dockerignore", "*.md\n")
    commit(project, "components/load-data/Dockerfile", "FROM a\n")
    past = GitTree(project, "HEAD")
    assert components(past) == ["load_data"]
    image = stage("load_data", past)
    assert (image.path / "components/load_data/model.bin").read_text() == POINTER
    assert recover(image.reference, "HEAD", project) == image
