"""Tests of images/images.py and sources.py: what is in a component's image, and how it is called."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.images import components, name_all, recover, split_tag, stage, stage_all
from engine.sources import GitIndex, GitTree, WorkTree

DOCKERFILE = """\
FROM docker.io/library/python@sha256:1234
# COPY nothing/of/this .
COPY --chown=1000 components/load_data/requirements.txt ./
COPY --from=builder /opt /opt
copy components/shared/storage.py \\
     # a comment amid an instruction
     components/shared/clock.py components/shared/
COPY ./components/load_data/ components/load_data/
"""
FILES = {
    "components/load_data/Dockerfile": DOCKERFILE,
    "components/load_data/requirements.txt": "numpy==1\n",
    "components/load_data/main.py": "print('data')\n",
    "components/load_data/start.sh": "#!/bin/sh\n",
    "components/shared/storage.py": "STORE = 1\n",
    "components/shared/clock.py": "CLOCK = 1\n",
    "components/shared/unused.py": "",
    "README.md": "",
    ".gitignore": "__pycache__/\n.mlops/\n",
}
COPIED = {path for path in FILES if path.startswith("components/")} - {"components/shared/unused.py"}


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    return subprocess.check_output(["git", *who, *arguments], cwd=root, text=True).strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "components/load_data/start.sh").chmod(0o755)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def staged_files(path: Path) -> set[str]:
    return {each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file()}


def test_a_context_holds_what_the_dockerfile_copies_and_nothing_else(project):
    image = stage("load_data", WorkTree(project))
    assert image.path == project / ".mlops/images" / f"load_data-{image.hash}"
    assert image.reference == f"localhost/mlops:load_data-{image.hash}"
    assert staged_files(image.path) == COPIED
    assert (image.path / "components/load_data/main.py").read_text() == "print('data')\n"
    assert {each.name for each in image.path.parent.iterdir()} == {image.path.name}


def test_work_tree_index_and_commit_are_one_image(project):
    image = stage("load_data", WorkTree(project))
    assert image == stage("load_data", GitTree(project, "HEAD")) == stage("load_data", GitIndex(project))
    assert image.hash == "c6d436b48cbcd56a", "another hash makes every published image again"


def test_what_is_not_added_is_not_in_the_index(project):
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


def test_the_index_is_staged_whatever_lies_in_the_checkout(project):
    for path in COPIED:
        (project / path).unlink()
    image = stage("load_data", GitIndex(project))
    assert staged_files(image.path) == COPIED
    assert (image.path / "components/load_data/main.py").read_text() == "print('data')\n"


def test_line_ends_of_a_checkout_that_git_knows_of(project):
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


def test_staged_modes_do_not_depend_on_the_umask(project):
    previous = os.umask(0o077)
    try:
        image = stage("load_data", WorkTree(project))
    finally:
        os.umask(previous)
    modes = {each.name: each.stat().st_mode & 0o777 for each in image.path.rglob("*")}
    assert (modes["main.py"], modes["start.sh"], modes["shared"]) == (0o644, 0o755, 0o755)
    assert image.path.stat().st_mode & 0o777 == 0o755


def test_a_staged_image_is_never_written_again(project):
    image = stage("load_data", WorkTree(project))
    (image.path / "mark").touch()
    assert stage("load_data", WorkTree(project)) == image
    assert (image.path / "mark").exists()


def test_many_may_stage_at_once(project):
    with ThreadPoolExecutor(8) as pool:
        images = set(pool.map(lambda _: stage("load_data", WorkTree(project)), range(16)))
    assert len(images) == 1
    assert {each.name for each in (project / ".mlops/images").iterdir()} == {images.pop().path.name}


def test_all_components_of_a_commit(project):
    first = git(project, "rev-parse", "HEAD")
    other = project / "components/train_model"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM a\nCOPY components/train_model components/train_model\n")
    assert components(WorkTree(project)) == ["load_data", "train_model"]
    assert list(stage_all(WorkTree(project), "docker.io/you/x")) == ["load_data", "train_model"]
    assert list(stage_all(GitTree(project, first))) == ["load_data"]


def test_an_image_comes_back_from_the_commit_it_was_born_in(project, tmp_path):
    born = git(project, "rev-parse", "HEAD")
    image = stage("load_data", WorkTree(project))
    (project / "components/load_data/main.py").write_text("print('more')\n")
    git(project, "commit", "-qam", "second")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))

    recovered = recover(image.reference, born, clone)
    assert recovered.path == clone / ".mlops/images" / image.path.name
    assert staged_files(recovered.path) == COPIED

    absent = image.reference.replace(image.hash, "0" * 16)
    with pytest.raises(WorldError, match="expected it in commit HEAD, found localhost/mlops:load_data-"):
        recover(absent, "HEAD", clone)
    with pytest.raises(SettingsError, match="expected a tag <component>-<16 hex digits>, found 'latest'"):
        recover("python:latest", "HEAD", clone)
    with pytest.raises(SettingsError, match="no-such-commit: expected a commit, found none of that name"):
        recover(absent, "no-such-commit", clone)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("COPY components/shared/clocks.py .", ":2: COPY components/shared/clocks.py: expected a file"),
        ("COPY . .", ":2: COPY .: expected a file or folder by its name"),
        ("COPY components/*/main.py .", "expected a file or folder by its name"),
        ("COPY ../other .", "expected a file or folder by its name"),
        ("\nADD https://example.org/x .", ":3: ADD: expected COPY, for what ADD fetches"),
        ("COPY link .", "link: expected a regular file in the work tree, found a link"),
    ],
)  # fmt: skip
def test_a_dockerfile_that_cannot_be_hashed_says_why(project, line, message):
    (project / "link").symlink_to("README.md")
    (project / "components/load_data/Dockerfile").write_text(f"FROM a\n{line}\n")
    with pytest.raises(SettingsError) as error:
        stage("load_data", WorkTree(project))
    assert message in str(error.value)


def test_a_component_that_is_none_is_named(project):
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
