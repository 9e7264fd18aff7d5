"""A Kubernetes API for the tests of this folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.tests.api_server import go_modules
from engine.tests.api_server.api_server import ApiServer, running_api_server


@pytest.fixture(scope="session")
def binaries() -> Path:
    if not shutil.which("go"):
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("expected Go to build kube-apiserver with, found none")
    return go_modules.binaries()


@pytest.fixture(scope="session")
def api_server(
    binaries: Path, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("api_server")
    with running_api_server(folder, binaries, certificate, {}) as server:
        yield server
