"""Have the Python that runs the tests first on PATH.

What it installs from its locks is a copy of what a cache has, unless the test says STANDINS_AFRESH."""

import json
import os
import platform
import sys
from pathlib import Path

from engine.tests.standins.actions.standin import Inputs, RefusedError, append, only, run, workspace

CACHES = ("", "pip", "pipenv", "poetry")
INSTALLS_NOTHING = """\
#!/bin/sh
case "$*" in
*scripts.ci.install_environment)
  checkout=$(realpath "${{PYTHONPATH:-.}}")
  cp -a {environment} "$checkout/.venv" && echo "$checkout/.venv/bin" >> "$GITHUB_PATH" ;;
*) exec {python} "$@" ;;
esac
"""


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
        put_python(commands / name)
    append("GITHUB_PATH", str(commands))
    append("GITHUB_ENV", f"pythonLocation={commands.parent}")
    return {"python-version": here, "python-path": str(commands / "python"), "cache-hit": "false"}


def put_python(command: Path) -> None:
    if os.environ.get("STANDINS_AFRESH"):
        command.symlink_to(sys._base_executable)
        return
    environment = json.loads(os.environ["STANDINS_CACHED"])[".venv"]
    command.write_text(INSTALLS_NOTHING.format(environment=environment, python=sys._base_executable))
    command.chmod(0o755)


if __name__ == "__main__":
    run(set_up)
