"""What a container of a task gets of this machine, from an engine that only notes it."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class Containers:
    """An engine whose containers end at once."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}

    def run(self, image: str, command: list[str], environment: dict[str, str], **_: object) -> Any:
        self.environment = environment
        return self

    def logs(self, stream: bool) -> list[bytes]:
        return [b"done"]

    def wait(self) -> dict[str, int]:
        return {"StatusCode": 0}

    def remove(self, force: bool) -> None: ...


def test_a_container_inherits_access_to_stores_and_cluster_and_nothing_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers, engine, docker = Containers(), ModuleType("engine"), ModuleType("docker")
    engine.containers, engine.ping = containers, lambda: None
    docker.from_env, docker.errors = lambda: engine, ModuleType("errors")
    docker.errors.DockerException = RuntimeError
    monkeypatch.setitem(sys.modules, "docker", docker)
    access = {"AWS_REGION": "eu-west-1", "SERVING_ACCESS_KEY_ID": "key", "KUBECONFIG": "apiVersion: v1"}
    shared = {"OMP_NUM_THREADS": "1", "HTTPS_PROXY": "http://proxy"}
    for name, value in (access | shared | {"SSL_CERT_FILE": "/ca.pem", "GITHUB_TOKEN": "token"}).items():
        monkeypatch.setenv(name, value)

    from local_kfp.runner.docker_tasks import DockerTasks

    status = DockerTasks(tmp_path, []).run("image", ["true"], {"OMP_NUM_THREADS": "2"}, tmp_path / "log")

    inherited = containers.environment
    assert (status, inherited | {"OMP_NUM_THREADS": "1"}) == (0, inherited | access | shared)
    assert inherited["OMP_NUM_THREADS"] == "2"
    assert not {"SSL_CERT_FILE", "GITHUB_TOKEN", "PATH", "HOME"} & {*inherited}
