"""The gate in containers answers as it does in subprocesses: nothing leans on the machine beside its image."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.template.containers.engine import Engine
from tests.template.gate.conftest import Project

pytestmark = pytest.mark.containers


@contextmanager
def serving_in_containers(project: Project, docker_host: str) -> Iterator[str]:
    """URL of the project's own local KFP server, its tasks in containers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "scripts.serve_kfp", "--runner", "docker", "--with-parent"],
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
        component = context.name.rpartition("-")[0]
        engine.build(context, context / f"components/{component}/Dockerfile", f"localhost/mlops:{context.name}")


def findings(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict without how long it took and when."""
    return verdict


def test_verdict_is_the_same_in_containers(
    with_champion: Project, engine: Engine, docker_host: str
) -> None:
    with_champion.edit("components/build_features/features.py", ('strftime("%H")', 'strftime("%p")'))

    alone = with_champion.gate("--as-of", "2013-09-02")
    build_staged_images(with_champion, engine)
    with serving_in_containers(with_champion, docker_host) as url:
        contained = with_champion.gate("--as-of", "2013-09-02", KUBEFLOW_HOST=url)

    import json
    json.dump([alone, contained], open("/tmp/g/v.json","w"))
    assert contained == alone
