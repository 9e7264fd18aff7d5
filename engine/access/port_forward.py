"""A port of this machine that leads to a service of a cluster, for as long as it is needed."""

import json
import os
import re
import selectors
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from engine.access.refusals import DiagnosedError, diagnose

START_SECONDS = 30
FORWARDING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+) ")


class PortForward:
    """`kubectl port-forward`, started again if it has ended: the same port, with new credentials."""

    def __init__(
        self,
        kubeconfig: Callable[[], dict[str, Any]],
        folder: Path,
        service: str,
        namespace: str,
        port: int,
    ):
        self._kubeconfig, self._file = kubeconfig, folder / "kubeconfig.json"
        self._service, self._namespace, self._port = service, namespace, port
        self._local_port = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._local_port}"

    def __enter__(self) -> Self:
        self.keep_open()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.communicate()

    def keep_open(self) -> None:
        if self._process and self._process.poll() is None:
            return
        if self._process:
            self._process.communicate()
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(self._kubeconfig()))  # JSON is YAML
        command = ["kubectl", f"--kubeconfig={self._file}", f"--namespace={self._namespace}", "port-forward"]
        command += [f"service/{self._service}", f"{self._local_port}:{self._port}"]
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise self._failed("no kubectl on this machine") from None
        self._local_port = self._opened(self._process)

    def _opened(self, process: "subprocess.Popen[bytes]") -> str:
        """The port, once kubectl says that it listens."""
        assert process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            output = b""
            while selector.select(START_SECONDS) and (piece := os.read(process.stdout.fileno(), 4096)):
                output += piece
                if listening := FORWARDING.search(output):
                    return listening[1].decode()
        process.terminate()
        _, errors = process.communicate()
        raise self._failed(" ".join(errors.decode(errors="replace").split())[-300:] or "no answer of kubectl")

    def _failed(self, reason: str) -> DiagnosedError:
        facts = {"service": self._service, "namespace": self._namespace, "found": reason}
        return DiagnosedError("kubectl", diagnose("port-forward", **facts))
