"""The Python environment of a model server: its image's locked requirements, installed once by uv."""

import hashlib
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

from engine.command_line import WorldError


def interpreter_for(requirements: Path, environments: Path) -> Path:
    """The interpreter of an environment with every pin of `requirements`, which lies below `environments`."""
    locked = f"{sys.version_info[:3]}\n{requirements.read_text()}"
    target = environments / hashlib.sha256(locked.encode()).hexdigest()[:16]
    if not target.is_dir():
        unfinished = target.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            _install(unfinished, requirements)
            if not target.is_dir():  # another process may have been faster
                unfinished.rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target / "bin" / "python"


def _install(folder: Path, requirements: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _uv("venv", "--relocatable", "--python", sys.executable, str(folder), requirements=requirements)
    sync = ["pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(folder / "bin/python")]
    _uv(*sync, str(requirements), requirements=requirements)


def _uv(*arguments: str, requirements: Path) -> None:
    from uv import find_uv_bin

    done = subprocess.run([find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
        raise WorldError(f"no environment for {requirements}: {reason}")
