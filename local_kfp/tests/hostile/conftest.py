"""A server in a process of its own, which answers each hostile request within seconds and goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local_kfp.tests.server_process import ServerProcess

PATIENCE_SECONDS = 5


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "stderr"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[ServerProcess]:
    """In a process of its own, because some of these requests ended it by a signal."""
    folder = tmp_path_factory.mktemp("server")
    with (
        log.open("w") as file,
        ServerProcess(folder / "state", folder / "images", log=file) as running,
        httpx.Client(base_url=f"{running.url}/apis/v2beta1", timeout=2 * PATIENCE_SECONDS) as http,
    ):
        running.http = http
        yield running


@pytest.fixture(autouse=True)
def _patience(server: ServerProcess, log: Path) -> Iterator[None]:
    start, written = time.monotonic(), len(log.read_text())
    yield
    assert time.monotonic() - start < PATIENCE_SECONDS
    assert server.http.get("healthz").json()["tag_name"]
    assert "Traceback" not in log.read_text()[written:]
