"""Tests of images/images.py and sources.py: what is staged for an image, and where it comes from."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.images import recover, stage
from engine.sources import GitIndex, WorkTree
from engine.tests.images.component_project import COPIED, git, new_project, staged_files


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def test_a_context_holds_what_the_dockerfile_copies_and_nothing_else(project):
    image = stage("load_data", WorkTree(project))
    assert image.path == project / ".mlops/images" / f"load_data-{image.hash}"
    assert image.reference == f"localhost/mlops:load_data-{image.hash}"
    assert staged_files(image.path) == COPIED
    assert (image.path / "components/load_data/main.py").read_text() == "print('data')\n"
    assert {each.name for each in image.path.parent.iterdir()} == {image.path.name}


def test_the_index_is_staged_whatever_lies_in_the_checkout(project):
    for path in COPIED:
        (project / path).unlink()
    image = stage("load_data", GitIndex(project))
    assert staged_files(image.path) == COPIED
    assert (image.path / "components/load_data/main.py").read_text() == "print('data')\n"


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
