"""A local KFP server in this process, with a stand-in that executes runs and a clock that tests set."""

import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import kfp
import uvicorn

from local_kfp.__main__ import open_port
from local_kfp.server.app import create_app
from local_kfp.server.clock import Clock
from local_kfp.server.server import Server
from local_kfp.server.store import Store
from local_kfp.server.supervisor import Supervisor
from local_kfp.tests.api_description import Checked

STANDIN = (sys.executable, "-m", "local_kfp.tests.standins.run_process")
PATIENCE_SECONDS = 20


class MovableClock(Clock):
    """Shows `time`, or the real time if that is None."""

    time: int | None = None

    def now(self) -> int:
        return super().now() if self.time is None else self.time


class InProcessServer:
    """Checks every request and response against the API of the locked `kfp-server-api`."""

    def __init__(
        self,
        state: Path,
        command: Sequence[str] = STANDIN,
        shows_nodes: bool = False,
    ):
        self.state, self.command, self.clock = state, command, MovableClock()
        self.shows_nodes = shows_nodes
        self.departures: list[str] = []
        self.seen: set[str] = set()
        self.pages: list[str] = []
        self._listener = open_port(0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_made = threading.Event()

    def _serve(self) -> None:
        store = Store(self.state / "kfp.db")  # SQLite wants one thread
        supervisor = Supervisor(store, self.clock, self.state / "runs", self.command)
        images = self.state / "images"
        server = Server(store, self.clock, supervisor, images, "subprocess", shows_nodes=self.shows_nodes)
        server.add_default_experiment()
        app = Checked(create_app(server), self.departures, self.seen, self.pages)
        self._uvicorn = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        self._is_made.set()
        with self._listener:
            self._uvicorn.run(sockets=[self._listener])

    def __enter__(self) -> "InProcessServer":
        threading.Thread(target=self._serve).start()
        self._is_made.wait(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._uvicorn.should_exit = True  # the next test does not wait for it


def connect(url: str) -> kfp.Client:
    with warnings.catch_warnings(
        category=FutureWarning, action="ignore"
    ):  # the notice that it prints at its start
        return kfp.Client(host=url)


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def wait_until(condition: Callable[[], Any]) -> Any:
    """The result of the condition once it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, f"the condition is not true after {PATIENCE_SECONDS} seconds"
        time.sleep(0.02)
    return result
