"""The Python that runs a component: one that has its locked requirements, else one that uv makes."""

import fcntl
import functools
import hashlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from local_kfp.command_line import WorldError
from local_kfp.runner.task_environment import INSTALLER, passed_on


@functools.cache
def interpreter_for(requirements: Path, environments: Path) -> Path:
    """This process's interpreter if it has every pin of `requirements`, else one made for them once."""
    if satisfied(requirements):
        return Path(sys.executable)
    locked = f"{sys.version_info[:3]}\n{requirements.read_text()}"
    target = environments / hashlib.sha256(locked.encode()).hexdigest()[:16]
    environments.mkdir(parents=True, exist_ok=True)
    # Several tasks and runs may need the same environment at once.
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            _make(target, requirements)
    return target / "bin" / "python"


@functools.cache
def satisfied(requirements: Path) -> bool:
    """Whether each pin is installed here in exactly its version."""
    return all(_installed(name) == pinned for name, pinned in pins(requirements).items())


def pins(requirements: Path) -> dict[str, str]:
    """Version by name, of a locked requirements.txt."""
    lines = requirements.read_text().replace("\\\n", " ").splitlines()
    locked = (re.split(r"\s--hash|\s#", line)[0].strip() for line in lines)
    locked_pins = [Requirement(line) for line in locked if line and not line.startswith(("#", "-"))]
    return {
        pin.name: str(pin.specifier).removeprefix("==")
        for pin in locked_pins
        if not pin.marker or pin.marker.evaluate()
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _make(target: Path, requirements: Path) -> None:
    unfinished = target.with_suffix(".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    _uv("venv", "--relocatable", "--python", sys.executable, str(unfinished), of=requirements)
    install = ["pip", "sync", "--require-hashes", "--compile-bytecode"]
    _uv(*install, "--python", str(unfinished / "bin" / "python"), str(requirements), of=requirements)
    unfinished.rename(target)


def _uv(*arguments: str, of: Path) -> None:
    from uv import find_uv_bin

    # It may build packages, and so run code of theirs.
    command = [find_uv_bin(), "--quiet", *arguments]
    done = subprocess.run(command, env=passed_on(INSTALLER), capture_output=True, text=True)
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
        raise WorldError(f"cannot make the environment of {of}: {reason}")
