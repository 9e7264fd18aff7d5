"""Containers answer as subprocesses do: no component leans on the machine beside its image."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.predictions.predictions import Predictions
from engine.tests.containers.container_engine import Engine
from engine.tests.project import Project

pytestmark = pytest.mark.containers


@contextmanager
def serving_in_containers(project: Project, docker_host: str) -> Iterator[str]:
    """URL of the project's own local KFP server, its tasks in containers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "local_kfp", "--runner", "docker", "--with-parent"],
        cwd=project.root,
        env=os.environ | {"DOCKER_HOST": docker_host},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            yield server.stdout.readline().removeprefix("listening on ").strip()
        finally:
            server.terminate()


def build_staged_images(project: Project, engine: Engine) -> None:
    for context in (project.root / ".mlops/images").iterdir():
        dockerfile = context / "components" / context.name.rpartition("-")[0] / "Dockerfile"
        engine.build(context, dockerfile, f"localhost/mlops:{context.name}")


def gated(project: Project, **environment: str) -> tuple[int, dict[str, Any]]:
    """Exit status and verdict, but for how long the scoring took."""
    status, verdict = project.gate("--as-of", "2013-09-02", **environment)
    for model in verdict["models"].values():
        model.pop("milliseconds_per_1000_rows", None)
    return status, verdict


def predicted(project: Project, **environment: str) -> dict[str, Any]:
    """The manifest of a day's predictions."""
    done = project.run("predict", "--as-of", "2013-05-02", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return Predictions((project.root / ".mlops/predictions").as_uri(), "flight-delays").manifest("2013-05-02")


def test_verdict_and_predictions_are_the_same_in_containers(
    with_champion: Project, engine: Engine, docker_host: str
) -> None:
    with_champion.edit("components/build_features/features.py", ('strftime("%H")', 'strftime("%p")'))

    in_subprocesses = gated(with_champion), predicted(with_champion)
    build_staged_images(with_champion, engine)
    with serving_in_containers(with_champion, docker_host) as url:
        in_containers = gated(with_champion, KUBEFLOW_HOST=url), predicted(with_champion, KUBEFLOW_HOST=url)

    assert in_containers == in_subprocesses
