"""A model registry in a folder and in a bucket, and what registers and promotes models in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.tests import model_versions
from engine.tests.model_versions import champion_of, verdict_on


@pytest.fixture(params=["file", "s3"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    if request.param == "file":
        return ModelRegistry((tmp_path / "registry").as_uri(), "flights")
    return ModelRegistry(f"{request.getfixturevalue('s3_folder')}/registry", "flights")


@pytest.fixture
def register(registry: ModelRegistry, tmp_path: Path) -> Callable[[str], str]:
    """Call it with a model's content to get its version."""
    return lambda content: model_versions.register(registry, tmp_path, content)


@pytest.fixture
def promote(registry: ModelRegistry, register: Callable[[str], str]) -> Callable[[str], str]:
    """Call it with a model's content, and its version is the champion."""

    def become_champion(content: str) -> str:
        version, champion = register(content), champion_of(registry) or ""
        registry.promote(version, champion, verdict_on(content, champion))
        return version

    return become_champion
