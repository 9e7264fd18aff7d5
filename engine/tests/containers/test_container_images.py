"""Each component's image builds, and runs its command as Kubeflow would."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.containers.container_engine import Engine

pytestmark = pytest.mark.containers

COMPONENTS = sorted(path.parent.name for path in Path(__file__).parents[3].glob("components/*/Dockerfile"))


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_image_runs_its_command_and_nothing_before(
    component: str, engine: Engine, built: Callable[[str], str]
) -> None:
    image = built(component)
    (about,) = json.loads(engine.run("podman", "image", "inspect", image))
    assert not about["Config"].get("Entrypoint")

    command = f"id --user && python -m components.{component}.main --help"
    user, _, usage = engine.run("podman", "run", "--rm", image, "sh", "-c", command).partition("\n")
    assert user.isdecimal()
    assert user != "0"
    assert usage.startswith("usage: ")
