"""Runs a task inside its image, over any Docker-compatible socket (DOCKER_HOST)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local_kfp.command_line import WorldError
from local_kfp.runner.task_environment import IN_CONTAINERS, passed_on

if TYPE_CHECKING:
    from docker.models.containers import Container


class DockerTasks:
    """Containers see `run` and `mounts` under the paths of this machine, so file:// URIs hold inside."""

    def __init__(self, run: Path, mounts: Sequence[Path]):
        import docker

        self._errors = docker.errors
        self._running: set[Container] = set()
        outside = [] if any(run.is_relative_to(path) for path in mounts) else [run]
        self._mounts = [f"{path}:{path}" for path in (*mounts, *outside)]
        try:
            self._engine = docker.from_env()
            self._engine.ping()
        except (docker.errors.DockerException, OSError) as error:
            host = os.environ.get("DOCKER_HOST", "the default socket")
            raise WorldError(f"expected a container engine at {host}, found none: {error}") from None

    def run(self, image: str, command: list[str], environment: dict[str, str], log: Path) -> int:
        """Exit status of `command` in `image`; its output goes to `log`."""
        try:
            container = self._engine.containers.run(
                image,
                command,
                detach=True,
                environment=passed_on(IN_CONTAINERS) | environment,
                network_mode="host",  # a store on this machine is at 127.0.0.1
                user=f"{os.getuid()}:{os.getgid()}",  # files of the run belong to the user who started it
                volumes=self._mounts,
            )
        except (self._errors.DockerException, OSError) as error:
            raise WorldError(f"image {image}: {error}") from None
        self._running.add(container)
        try:
            with log.open("ab", buffering=0) as output:
                for chunk in container.logs(stream=True):
                    output.write(chunk)
            return container.wait()["StatusCode"]
        finally:
            self._running.remove(container)
            container.remove(force=True)

    def stop(self) -> None:
        """Remove the containers: they are children of the engine, not of this process."""
        for container in list(self._running):
            container.remove(force=True)
