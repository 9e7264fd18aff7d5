"""Whether a pull request can be judged on the endpoint: what that needs is set, and works."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.kubeflow.endpoint import remote_host
from engine.settings.settings_schema import Settings

VARIABLES = ("KUBEFLOW_HOST", "MODEL_REGISTRY_URI")


def is_set(environment: Mapping[str, str] = os.environ) -> list[str]:
    return [name for name in VARIABLES if environment.get(name)]


def missing(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What there is not, of all that an endpoint needs to judge a pull request."""
    yield from (name for name in VARIABLES if not environment.get(name))
    if remote_host() and not environment.get("RESULTS_URI"):
        yield "RESULTS_URI"


def unpublished(root: Path, settings: Settings) -> list[str]:
    """The components of the base in `root` whose images the endpoint cannot pull yet."""
    from engine.images import published_images
    from engine.images.images import name_all
    from engine.sources import GitIndex

    repository = published_images.repository_of(settings)
    images = name_all(GitIndex(root), repository)
    options = argparse.Namespace(repository=repository, pull_request=None)
    there = published_images.published(images.values(), options)
    return [name for name, image in images.items() if image.tag not in there]


def check(root: Path, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Ask each part for what the gate will need of it; WorldError names the first that refuses."""
    from engine.kubeflow.endpoint import connect
    from engine.model_registry.model_registry import ModelRegistry

    with connect(root) as client:
        client.list_experiments(page_size=1)  # which, unlike its health, takes the right to read
    ModelRegistry(environment["MODEL_REGISTRY_URI"], settings.model).champion()
