"""Have the Python that runs the tests first on PATH."""

import os
import platform
import sys
from pathlib import Path

from engine.tests.standins.actions.standin import Inputs, RefusedError, append, only, run, workspace

CACHES = ("", "pip", "pipenv", "poetry")


def set_up(inputs: Inputs) -> dict[str, str]:
    flags = ("check-latest", "update-environment", "allow-prereleases", "freethreaded", "token")
    only(inputs, "python-version", "python-version-file", "cache", "cache-dependency-path", *flags)
    wanted = inputs["python-version"]
    if file := inputs["python-version-file"]:
        wanted = wanted or (workspace() / file).read_text().strip()
    here = platform.python_version()
    if not f"{here}.".startswith(f"{wanted}."):
        raise RefusedError(f"The version {wanted!r} was not found: the tests run by {here}")
    if inputs["cache"] not in CACHES:
        raise RefusedError(f"Caching for {inputs['cache']!r} is not supported")
    if inputs["cache"] and not list(workspace().glob(inputs["cache-dependency-path"] or "requirements.txt")):
        raise RefusedError("No file matched to cache-dependency-path or requirements.txt")
    commands = Path(os.environ["RUNNER_TEMP"], "python/bin")
    commands.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3", f"python{'.'.join(here.split('.')[:2])}"):
        (commands / name).symlink_to(sys._base_executable)
    append("GITHUB_PATH", str(commands))
    append("GITHUB_ENV", f"pythonLocation={commands.parent}")
    return {"python-version": here, "python-path": str(commands / "python"), "cache-hit": "false"}


if __name__ == "__main__":
    run(set_up)
