"""What makes a copy of this project a user's: a quick suite of its own, and published images."""

import json
import re
import shutil
from pathlib import Path

from engine.images import images
from engine.sources import GitIndex
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project

FEATURES = "components/build_features/features.py"
SAME_MODEL = ('"carrier": flights["carrier"]', '"carrier": flights["carrier"].copy()')
TEST = """\
from components.build_features import features


def test_features_have_names() -> None:
    assert features.__name__
"""


def give_own_suite(project: Project) -> None:
    """One test instead of all of ours, which have their own time to run; and no bench, which uses them."""
    shutil.rmtree(project.root / "bench")
    for folder in ("tests", "engine/tests", "local_kfp/tests"):
        for name in ("test_*.py", "conftest.py"):
            for ours in (project.root / folder).rglob(name):
                ours.unlink()
    (project.root / "tests/test_features.py").write_text(TEST)
    project.commit()


def publish_images(project: Project, registry: DockerRegistry) -> Path:
    """Name a new image repository in the settings, and have every image there; the file of references."""
    repository = registry.new_repository()
    project.edit("mlops.yaml", ("images: {}", f"images: {{repository: {repository}}}"))
    project.commit()
    named = images.name_all(GitIndex(project.root), repository)
    references = {
        name: f"{image.reference}@{registry.push(repository, image.tag)}" for name, image in named.items()
    }
    file = project.root / "build/images.json"
    file.parent.mkdir()
    file.write_text(json.dumps(references))
    return file


def lock(project: Project, component: str) -> None:
    """Lock a component's packages, which need no others, as make lock would, but without an index."""
    folder = project.root / "components" / component
    root = (project.root / "requirements.txt").read_text()
    packages = (folder / "requirements.in").read_text().split()
    blocks = [re.search(rf"(?m)^{package}==.*\\\n(    --hash=.*\n)+", root) for package in packages]
    (folder / "requirements.txt").write_text("".join(block[0] for block in blocks if block))
