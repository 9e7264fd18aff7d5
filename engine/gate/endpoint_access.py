"""Whether a pull request can be judged on the endpoint: what that needs is set, and works."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.command_line import WorldError
from engine.images.image_credentials import credentials
from engine.images.image_repository import ImageRepository, split_name
from engine.images.published_images import pull_requests_repository
from engine.kubeflow.endpoint import remote_host
from engine.settings.settings_schema import Settings

DOCKER_HUB = ("DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN")
VARIABLES = ("KUBEFLOW_HOST", "MODEL_REGISTRY_URI", *DOCKER_HUB)


def is_set(environment: Mapping[str, str] = os.environ) -> list[str]:
    return [name for name in VARIABLES if environment.get(name)]


def missing(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What there is not, of all that an endpoint needs to judge a pull request."""
    yield from (name for name in VARIABLES[:2] if not environment.get(name))
    if remote_host() and not environment.get("RESULTS_URI"):
        yield "RESULTS_URI"
    repository = pull_requests_repository(settings)
    host = split_name(repository)[0]
    if credentials(host, pushing(environment)):
        return
    if host == "docker.io":
        yield from (name for name in DOCKER_HUB if not environment.get(name))
    elif host == "ghcr.io":
        yield "images.pull_requests in mlops.yaml, at Docker Hub: ghcr.io takes no push of a pull request"
    elif not ImageRepository(repository, pushing(environment)).can_push():
        yield f"a login to {host}"


def check(root: Path, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Ask each part for what the gate will need of it; WorldError names the first that refuses."""
    from engine.kubeflow.endpoint import connect
    from engine.model_registry.model_registry import ModelRegistry

    with connect(root) as client:
        client.list_experiments(page_size=1)  # which, unlike its health, takes the right to read
    ModelRegistry(environment["MODEL_REGISTRY_URI"], settings.model).champion()
    repository = pull_requests_repository(settings)
    if not ImageRepository(repository, pushing(environment)).can_push():
        raise WorldError(
            f"{repository}: expected the right to push the images of pull requests, found none;"
            " check DOCKERHUB_TOKEN and that there is such a repository"
        )


def pushing(environment: Mapping[str, str]) -> dict[str, str]:
    """Without GITHUB_TOKEN, which may not write for a pull request."""
    return {name: value for name, value in environment.items() if name != "GITHUB_TOKEN"}
