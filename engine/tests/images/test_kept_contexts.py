"""Tests of build contexts in the model registry: a version is scored after its commit is gone."""

import gzip
from pathlib import Path

import pytest

from engine.command_line import SettingsError, WorldError
from engine.images.images import Image, stage
from engine.images.kept_contexts import context_key, keep_contexts, packed, recover_image
from engine.model_registry.model_registry import ModelRegistry
from engine.sources import WorkTree
from engine.tests.project import Project

LOST = "0123456789" * 4


@pytest.fixture(params=["file", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    if request.param == "file":
        return ModelRegistry((tmp_path / "registry").as_uri(), "flights")
    return ModelRegistry(f"{request.getfixturevalue('s3_folder')}/registry", "flights")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """A staged image with an executable, a name beyond ASCII, and bytes that are no text."""
    component = tmp_path / "project/components/load_data"
    component.mkdir(parents=True)
    (component / "Dockerfile").write_text("FROM a\nCOPY components/load_data components/load_data\n")
    (component / "Größe 1.bin").write_bytes(bytes(range(256)))
    (component / "run").write_text("#!/bin/sh\n")
    (component / "run").chmod(0o755)
    project = Project(tmp_path / "project")
    project.git("init", "--quiet")
    project.commit()
    return stage("load_data", WorkTree(project.root))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A clone that has neither the image nor its commit."""
    (tmp_path / "elsewhere").mkdir()
    Project(tmp_path / "elsewhere").git("init", "--quiet")
    return tmp_path / "elsewhere"


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    below = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in below}


def test_kept_context_comes_back_without_its_commit(
    registry: ModelRegistry, image: Image, elsewhere: Path
) -> None:
    keep_contexts(registry, [image])
    recovered = recover_image(f"{image.reference}@sha256:12", LOST, elsewhere, registry)
    assert recovered.path == elsewhere / ".mlops/images" / image.path.name
    assert (recovered.hash, recovered.reference) == (image.hash, image.reference)
    assert files(recovered.path) == files(image.path)

    registry.documents.store.write(context_key("load_data", image.hash), b"gone")
    assert recover_image(image.reference, LOST, elsewhere, registry) == recovered, "from the machine's store"


def test_equal_contexts_are_kept_once(
    registry: ModelRegistry, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_contexts(registry, [image])
    assert registry.documents.store.names() == [f"contexts/load_data-{image.hash}.tar.gz"]
    before = packed(image.path)
    (image.path / "components/load_data/run").touch()
    assert packed(image.path) == before, "times are no content"

    def refuse(*_: object) -> None:
        raise AssertionError("written twice")

    monkeypatch.setattr(registry.documents.store, "swap", refuse)
    keep_contexts(registry, [image])
    assert [*registry.versions()] == []


def test_context_that_another_command_kept_meanwhile_stays(
    registry: ModelRegistry, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_contexts(registry, [image])
    monkeypatch.setattr(registry.documents.store, "names", list)
    keep_contexts(registry, [image])


def test_version_without_kept_contexts_is_made_of_its_commit(
    registry: ModelRegistry, image: Image, elsewhere: Path, tmp_path: Path
) -> None:
    registry.documents.store.write("monitor.json", b"{}")
    project = Project(tmp_path / "project")
    clone = tmp_path / "clone"
    project.git("clone", "--quiet", str(project.root), str(clone))
    commit = project.git("rev-parse", "HEAD")
    assert files(recover_image(image.reference, commit, clone, registry).path) == files(image.path)
    with pytest.raises(SettingsError, match=f"found neither; run git fetch origin {commit}"):
        recover_image(image.reference, commit, elsewhere, registry)


@pytest.mark.parametrize("content", [b"no archive", b"", gzip.compress(b"no archive either", mtime=0)])
def test_damaged_context_is_an_error(
    registry: ModelRegistry, image: Image, elsewhere: Path, content: bytes
) -> None:
    registry.documents.store.write(context_key("load_data", image.hash), content)
    with pytest.raises((WorldError, SettingsError), match=r"load_data"):
        recover_image(image.reference, LOST, elsewhere, registry)


def test_context_with_other_files_is_not_staged(
    registry: ModelRegistry, image: Image, elsewhere: Path
) -> None:
    (image.path / "components/load_data/run").write_text("#!/bin/sh\necho other\n")
    registry.documents.store.write(context_key("load_data", image.hash), packed(image.path))
    with pytest.raises(WorldError, match=rf"expected it in .*{image.hash}.tar.gz, found localhost"):
        recover_image(image.reference, LOST, elsewhere, registry)
    assert not (elsewhere / ".mlops").exists()
