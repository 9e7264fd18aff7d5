"""Starts the local KFP server for as long as a script needs it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.command_line import WorldError

_ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 15


@contextlib.contextmanager
def local_kfp(state: Path, images: Path, runner: str = "subprocess", time_zone: str = "UTC") -> Iterator[str]:
    """The URL of a server that ends with the `with` block, and with this process however that ends.

    If a person serves `state` already, to look at its runs, it is that server's, which stays; two commands at
    once take turns.

    Cron expressions of its recurring runs are times of `time_zone`.
    """
    command = [sys.executable, "-m", "local_kfp", "--with-parent", "--runner", runner]
    command += ["--time-zone", time_zone]
    # A session of its own: Ctrl-C reaches the script alone, which ends its run while there still is a server.
    process = subprocess.Popen(
        [*command, "--state", state, "--images", images],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield _url(process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _url(process: subprocess.Popen[str]) -> str:
    """What the server prints once it accepts connections."""
    line = process.stdout.readline() if process.stdout else ""
    for sentence in ("listening on ", "using the server at "):
        if line.startswith(sentence):
            return line.removeprefix(sentence).strip()
    raise WorldError("the local KFP server did not start; see its message above")
