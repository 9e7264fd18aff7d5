"""An engine, the image of each component of this work tree, and a copy of the project."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from engine import sources
from engine.images import images
from engine.tests.containers.container_engine import STORE, TOOLS, Engine
from engine.tests.project import Project, copy_of_this_project

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def engine() -> Engine:
    missing = [tool for tool in TOOLS if not shutil.which(tool)] + ["root"] * bool(os.geteuid())
    if missing:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"expected {', '.join(missing)} to build and run images with; .ci/run prepares a machine")
    engine = Engine(STORE)
    engine.tidy()
    return engine


@pytest.fixture(scope="session")
def built(engine: Engine) -> Callable[[str], str]:
    """Call it with a component's name, and its image is built; it answers with the image's reference."""

    @cache
    def build(component: str) -> str:
        image = images.stage(component, sources.WorkTree(ROOT))
        engine.build(image.path, image.path / f"components/{component}/Dockerfile", image.reference)
        return image.reference

    return build


@pytest.fixture(scope="session")
def docker_host(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DOCKER_HOST of a Docker-compatible service over the engine's images."""
    with engine.serve(tmp_path_factory.mktemp("engine") / "socket") as address:
        yield address


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_of_this_project(tmp_path_factory.mktemp("fresh") / "project")
