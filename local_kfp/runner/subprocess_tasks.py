"""Runs a task as a process, in the staged folder that its image would be built from."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from local_kfp.command_line import WorldError
from local_kfp.runner.environments import interpreter_for, pins, satisfied
from local_kfp.runner.task_environment import passed_on

PYTHON = ("python", "python3")
TAG = re.compile(r"([A-Za-z0-9_]+)-([0-9a-f]{16})(?:-([a-z0-9]+))?")
"""Component, hash of the build context and salt of an image's tag."""
SLOW_IMPORTS = {  # library -> its module that takes long, in the order that pipelines tend to need them
    "pyarrow": "pyarrow.dataset",
    "pandas": "pandas",
    "pandera": "pandera.pandas",
    "boto3": "boto3",
    "scipy": "scipy.stats",
    "scikit-learn": "sklearn.ensemble",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
}


class SubprocessTasks:
    """Image references are resolved in `store`; environments are stored beside it."""

    def __init__(self, store: Path):
        self._store = store
        self._environments = store.parent / "environments"
        self._warm: WarmPython | None = None

    def warm_up(self, text: str) -> None:
        """Start importing the slow libraries that the images named anywhere in `text` need."""
        if modules := slow_modules(self._store, text):
            self._warm = WarmPython(modules)

    def run(self, image: str, command: list[str], environment: dict[str, str], log: Path) -> int:
        """Exit status of `command`, 128 and more for a signal; its output goes to `log`."""
        folder = self._folder(image)
        locked = _requirements(folder)
        python = interpreter_for(locked, self._environments) if locked.is_file() else Path(sys.executable)
        whole = _environment(python) | environment
        status = None
        # A task's own variables may change how a library loads, so such a task gets a fresh process.
        if self._warm and not environment and str(python) == sys.executable and _runs_module(command):
            status = self._warm.run(command[2], command[3:], folder, whole, log)
        if status is None:
            status = _run_fresh(command, python, folder, whole, log)
        return status if status >= 0 else 128 - status

    def _folder(self, image: str) -> Path:
        folder = self._store / staged_name(image)
        if not folder.is_dir() or folder == self._store:
            raise WorldError(f"image {image}: expected it staged in {folder}, found no such folder")
        return folder.resolve()

    def stop(self) -> None:
        """Stop the warm Python; tasks are in the run's process group and end with it."""
        if self._warm:
            self._warm.stop()


def staged_name(image: str) -> str:
    """The name of the staged folder of `image`; repository, salt and digest do not matter."""
    tag = image.partition("@")[0].rpartition(":")[2]
    match = TAG.fullmatch(tag)
    return f"{match[1]}-{match[2]}" if match else tag


def slow_modules(store: Path, text: str) -> list[str]:
    """Slow modules that the images named in `text` need, of the images that this interpreter can run."""
    folders = store.iterdir() if store.is_dir() else ()
    locked = [_requirements(folder) for folder in folders if folder.name in text]
    needed = {name for path in locked if path.is_file() and satisfied(path) for name in pins(path)}
    return [module for library, module in SLOW_IMPORTS.items() if library in needed]


class WarmPython:
    """Client of `warm_server.py`, which it starts."""

    def __init__(self, modules: Iterable[str]):
        self._control, server_end = socket.socketpair()
        server = Path(__file__).with_name("warm_server.py")
        # It writes the bytecode of what it imports, or the next one would be just as slow.
        environment = _environment(Path(sys.executable)) | {"PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, "-P", str(server), *modules]
        with server_end:
            self._server = subprocess.Popen(command, stdin=server_end.fileno(), env=environment)

    def run(
        self, module: str, arguments: list[str], folder: Path, environment: dict[str, str], log: Path
    ) -> int | None:
        """Exit status of the module, run in a fork; None if the server could not fork."""
        log.touch()
        request = {
            "module": module,
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "log": str(log),
        }
        task_socket, server_end = socket.socketpair()
        with task_socket, task_socket.makefile("rw") as stream:
            try:
                with server_end:
                    socket.send_fds(self._control, [b"t"], [server_end.fileno()])
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                begun = stream.readline()
            except OSError:
                begun = ""
            return int(stream.readline() or -signal.SIGKILL) if begun else None

    def stop(self) -> None:
        """End the server; tasks that it forked continue."""
        self._server.kill()
        self._server.wait()
        self._control.close()


def _run_fresh(command: list[str], python: Path, folder: Path, environment: dict[str, str], log: Path) -> int:
    if command[0] in PYTHON:
        command = [str(python), *command[1:]]
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return done.returncode


def _runs_module(command: list[str]) -> bool:
    return command[0] in PYTHON and command[1:2] == ["-m"]


def _requirements(folder: Path) -> Path:
    return folder / "components" / folder.name.rpartition("-")[0] / "requirements.txt"


def _environment(python: Path) -> dict[str, str]:
    """The environment variables of a task; PYTHONHASHSEED makes hashes of strings repeatable."""
    return passed_on() | {
        "PATH": f"{python.parent}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
    }
