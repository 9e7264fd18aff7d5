"""Tests of images/images.py and sources.py: what is in a component's image, and how it is called."""

import os
import subprocess
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.images.images import components, name_all, recover, split_tag, stage, stage_all
from engine.sources import GitIndex, GitTree, WorkTree
from engine.tests.images.component_project import COPIED, git, new_project, staged_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def test_work_tree_index_and_commit_are_one_image(project):
    image = stage("load_data", WorkTree(project))
    assert image == stage("load_data", GitTree(project, "HEAD")) == stage("load_data", GitIndex(project))
    assert image.hash == "c6d436b48cbcd56a", "another hash makes every published image again"


def test_git_index_leaves_out_files_that_are_not_added(project):
    (project / "components/load_data/main.py").write_text("print('more')\n")
    (project / "components/load_data/new.py").write_text("")
    before = stage("load_data", GitIndex(project))
    assert (before.path / "components/load_data/main.py").read_text() == "print('data')\n"
    assert staged_files(before.path) == COPIED
    changed = stage("load_data", WorkTree(project))
    assert changed.hash != before.hash
    git(project, "add", ".")
    assert stage("load_data", GitIndex(project)) == changed
    (project / "components/load_data/main.py").unlink()
    assert (changed.path / "components/load_data/main.py").read_text() == "print('more')\n"


def test_line_ends_that_git_converts_change_no_hash(project):
    expected = stage("load_data", WorkTree(project)).hash
    git(project, "config", "core.autocrlf", "true")
    (project / "components/load_data/main.py").unlink()
    git(project, "checkout", "components/load_data/main.py")
    assert (project / "components/load_data/main.py").read_bytes().endswith(b"\r\n")
    assert stage("load_data", WorkTree(project)).hash == expected
    assert stage("load_data", GitIndex(project)).hash == expected


def test_naming_stages_nothing_and_a_salt_makes_another_tag_of_the_same_context(project):
    plain = name_all(GitIndex(project), "ghcr.io/you/model")["load_data"]
    salted = name_all(GitIndex(project), "ghcr.io/you/model", "2026w47")["load_data"]
    assert not plain.path.exists()
    assert (salted.tag, salted.path) == (f"{plain.tag}-2026w47", plain.path)
    assert split_tag(salted.tag) == ("load_data", plain.hash, "2026w47")
    assert recover(salted.reference, "HEAD", project) == salted
    assert recover(salted.reference, "HEAD", project) == salted, "from the store"


def test_how_a_checkout_lies_on_disk_changes_no_hash(project):
    expected = stage("load_data", WorkTree(project)).hash
    folder = project / "components/load_data"
    (folder / "main.py").write_bytes(b"print('data')\r\n")
    (folder / "requirements.txt").chmod(0o600)
    (folder / "start.sh").chmod(0o700)
    os.utime(folder / "main.py", (0, 0))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/main.pyc").write_bytes(b"")
    assert stage("load_data", WorkTree(project)).hash == expected


def test_a_worktree_of_a_clone_elsewhere_names_the_same_images(project, tmp_path):
    """As pr.yml checks out the change beside its base."""
    expected = stage("load_data", GitIndex(project))
    clone = tmp_path / "a clone ünder another path"
    git(tmp_path, "clone", "-q", "--config", "core.autocrlf=true", str(project), str(clone))
    previous = os.umask(0o077)
    try:
        git(clone, "worktree", "add", "-q", "--detach", "candidate", "HEAD")
        found = stage("load_data", GitIndex(clone / "candidate"))
    finally:
        os.umask(previous)
    assert (clone / "candidate/components/load_data/main.py").read_bytes().endswith(b"\r\n")
    assert found.reference == expected.reference
    assert found.path == clone / "candidate/.mlops/images" / expected.path.name
    diff = ["diff", "--recursive", str(expected.path), str(found.path)]
    assert subprocess.run(diff, capture_output=True, text=True).stdout == ""
    assert stage("load_data", GitIndex(clone)).reference == expected.reference


def test_outside_git_the_image_is_the_same(project):
    expected = stage("load_data", WorkTree(project)).hash
    (project / ".git").rename(project.parent / "elsewhere")
    (project / "components/load_data/__pycache__").mkdir()
    (project / "components/load_data/__pycache__/main.pyc").write_bytes(b"")
    assert stage("load_data", WorkTree(project)).hash == expected
    with pytest.raises(SettingsError, match="expected a git checkout to read HEAD from"):
        GitTree(project, "HEAD")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "main.py").write_text("print('more')\n"),
        lambda folder: (folder / "main.py").chmod(0o755),
        lambda folder: (folder / "main.py").rename(folder / "main2.py"),
        lambda folder: (folder / "new.py").write_text(""),
        lambda folder: (folder / "main.py").unlink(),
        lambda folder: (folder.parent / "shared/clock.py").write_text("CLOCK = 2\n"),
    ],
    ids=["content", "executable", "name", "new and not yet added", "removed", "shared"],
)
def test_every_change_of_what_is_copied_makes_another_image(project, change):
    before = stage("load_data", WorkTree(project))
    change(project / "components/load_data")
    after = stage("load_data", WorkTree(project))
    assert after.hash != before.hash
    assert staged_files(before.path) == COPIED


def test_a_change_of_what_is_not_copied_makes_none(project):
    before = stage("load_data", WorkTree(project))
    (project / "components/shared/unused.py").write_text("more")
    for beside in ("load_data.md", "load_data_too/main.py", "load_datA"):
        (project / "components" / beside).parent.mkdir(exist_ok=True)
        (project / "components" / beside).write_text("more")
    assert stage("load_data", WorkTree(project)) == before


def test_all_components_of_a_commit_are_staged(project):
    first = git(project, "rev-parse", "HEAD")
    other = project / "components/train_model"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM a\nCOPY components/train_model components/train_model\n")
    assert components(WorkTree(project)) == ["load_data", "train_model"]
    assert list(stage_all(WorkTree(project), "docker.io/you/x")) == ["load_data", "train_model"]
    assert list(stage_all(GitTree(project, first))) == ["load_data"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("COPY components/shared/clocks.py .", ":2: COPY components/shared/clocks.py: expected a file"),
        ("COPY . .", ":2: COPY .: expected a file or folder by its name"),
        ("COPY components/*/main.py .", "expected a file or folder by its name"),
        ("COPY ../other .", "expected a file or folder by its name"),
        ("\nADD https://example.org/x .", ":3: ADD: expected COPY, because files that ADD fetches"),
        ("COPY link .", "link: expected a regular file in the work tree, found a link"),
    ],
)  # fmt: skip
def test_a_dockerfile_that_cannot_be_hashed_says_why(project, line, message):
    (project / "link").symlink_to("README.md")
    (project / "components/load_data/Dockerfile").write_text(f"FROM a\n{line}\n")
    with pytest.raises(SettingsError) as error:
        stage("load_data", WorkTree(project))
    assert message in str(error.value)


def test_an_unknown_component_is_named(project):
    with pytest.raises(
        SettingsError, match="component load: expected components/load/Dockerfile, found no such"
    ):
        stage("load", WorkTree(project))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match="nowhere: expected the folder of a checkout, found none"):
        GitTree(tmp_path / "nowhere", "HEAD")


@pytest.mark.parametrize("name", ["Größe 1.bin", 'a "quoted" name', "a\ttab"])
def test_image_of_a_commit_is_that_of_its_work_tree(project, name):
    (project / "components/load_data" / name).write_text("any")
    git(project, "add", "--all", "--", "components")
    git(project, "commit", "-qm", "an unusual name")
    assert stage("load_data", GitTree(project, "HEAD")) == stage("load_data", WorkTree(project))
