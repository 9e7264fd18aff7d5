"""A local KFP server in a process of its own, as a person starts it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import kfp

from local_kfp.tests.in_process import connect, wait_until
from local_kfp.tests.runs import ROOT

FINAL = {"SUCCEEDED", "FAILED"}


class ServerProcess:
    """`python -m local_kfp` with the package in `folder`."""

    def __init__(
        self, state: Path, images: Path, *options: str, folder: Path = ROOT, log: IO[str] | None = None
    ):
        command = [sys.executable, "-m", "local_kfp", "--state", str(state), "--images", str(images)]
        self._process = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert self._process.stdout
        self.url = self._process.stdout.readline().split()[-1]
        self.client = connect(self.url)

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)  # does nothing if it has ended
        with self._process:
            self._process.wait()

    def close_input(self) -> None:
        """What happens to the server's standard input when its parent ends."""
        assert self._process.stdin
        self._process.stdin.close()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None


def finish(client: kfp.Client, run_id: str) -> Any:
    """The run once it is in a final state."""
    return wait_until(lambda: (run := client.get_run(run_id)).state in FINAL and run)
