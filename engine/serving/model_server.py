"""The model server as a process of this machine, in an environment of its image's locked requirements."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from engine.command_line import SettingsError, WorldError
from engine.command_line.component_settings import Column
from engine.documents.golden import Request
from engine.documents.version import Version
from engine.images.images import Image
from engine.images.kept_contexts import recover_image
from engine.model_registry.model_registry import ModelRegistry
from engine.serving import kept_process
from engine.serving.server_environment import interpreter_for

READY_SECONDS = 60
ENDING_SECONDS = 15
ANSWER_SECONDS = 30
HOST = "127.0.0.1"
# No key of a store: whatever a model does when it is loaded, it was fetched by then.
PASSED_ON = re.compile(
    r"(MLSERVER|OMP|OPENBLAS|MKL)_\w+|PATH|LD_LIBRARY_PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_\w+"
)


class LocalServer:
    def __init__(self, process: subprocess.Popen[bytes], port: int, name: str, log: Path):
        self.url = f"http://{HOST}:{port}"
        self.model_url = f"{self.url}/v2/models/{name}"
        self.infer_url = f"{self.model_url}/infer"
        self._process, self._log = process, log
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy knows this machine's loopback

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise self._ended()
            try:
                if self._session.get(f"{self.model_url}/ready", timeout=ANSWER_SECONDS).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        raise WorldError(f"expected a server that is ready in {READY_SECONDS} s, found none; see {self._log}")

    def infer(self, request: Request) -> Any:
        answer = self._session.post(self.infer_url, json=request, timeout=ANSWER_SECONDS)
        try:
            return answer.json()
        except ValueError:
            raise WorldError(f"{self.infer_url}: expected JSON, found {answer.text[:100]!r}") from None

    def watch(self, seconds: float) -> None:
        """Wait so long; fail if it ends meanwhile, which it does not by itself."""
        time.sleep(seconds)  # Popen.wait, interrupted by Ctrl-C while it polls, may keep its lock for ever
        if self._process.poll() is not None:
            raise self._ended()

    def _ended(self) -> WorldError:
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["nothing"]
        return WorldError(f"the server ended with {self._process.returncode}: {lines[-1]}; see {self._log}")


def image_of(root: Path, version: Version, registry: ModelRegistry) -> Image:
    """The server's image of the commit that the version was made from, with the libraries it knows."""
    reference = version["images"].get("serve_model")
    if not reference:
        raise SettingsError(f"version {version['version']} names no image that serves it; train it again")
    return recover_image(reference, version["code_sha"], root, registry)


def environment_of(root: Path, version: Version, registry: ModelRegistry) -> tuple[Path, Path]:
    """Where the code of the server of `version` is staged, and the Python that has what it is locked to."""
    staged = image_of(root, version, registry).path
    locked = staged / "components/serve_model/requirements.txt"
    return staged, interpreter_for(locked, root / ".mlops/environments")


@contextmanager
def running(
    code: Path,
    python: Path,
    name: str,
    model: Path,
    sha256: str,
    port: int,
    log: Path,
    columns: Mapping[str, Column] | None = None,
) -> Iterator[LocalServer]:
    """The server of the model in the folder `model`, as it starts; it ends with the block or this process.

    Requests are checked by `columns`, if they are given.
    """
    inherited = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    environment = inherited | {
        "MLSERVER_HOST": HOST,
        "MLSERVER_MODEL_NAME": name,
        "MLSERVER_MODEL_URI": str(model),
        "MODEL_SHA256": sha256,
        "MODEL_COLUMNS": json.dumps(columns or {}),
        "PYTHONUNBUFFERED": "1",
        **{f"MLSERVER_{kind}_PORT": str(each) for kind, each in free_ports(port).items()},
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", kept_process.__file__, str(python), "-m", "components.serve_model.main"],
            cwd=code,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for the one that started it, which then ends it
        )
    with process:
        try:
            yield LocalServer(process, port, name, log)
        finally:
            process.terminate()
            try:
                process.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def free_ports(port: int) -> dict[str, int]:
    """`port` for HTTP, which must be free, and others for what is not used here."""
    with socket.socket() as http, socket.socket() as grpc, socket.socket() as metrics:
        http.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            http.bind((HOST, port))
        except OSError as error:
            problem = f"cannot listen on port {port}: {error.strerror}; choose another with --port"
            raise WorldError(problem) from None
        for other in (grpc, metrics):
            other.bind((HOST, 0))
        return {
            "HTTP": port,
            "GRPC": grpc.getsockname()[1],
            "METRICS": metrics.getsockname()[1],
        }
