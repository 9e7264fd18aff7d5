"""What the stand-ins of third-party actions share: inputs in, outputs out, and a log for the tests to read.

A test sets in the environment of every step: STANDINS_ROOT and STANDINS_PYTHON (this checkout, and the Python
of the tests), STANDINS_FOLDER (repositories/<owner>/<name>.git, artifacts/<run>/<name>, caches/<ref>/<path>,
log.jsonl), STANDINS_CACHED (JSON: what a cache has, by the last part of a path), STANDINS_ENGINE (a store of
images), STANDINS_AFRESH (not empty: what is installed afresh comes from the package index)."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

Inputs = dict[str, str]
LONGEST_KEY = 512


class RefusedError(Exception):
    """What the real action would fail on, or what its stand-in cannot do."""


def run(action: Callable[[Inputs], dict[str, str] | None]) -> None:
    """Be a step: an error if the action refuses its inputs, else its outputs."""
    inputs = json.loads(os.environ["INPUTS"])
    record(inputs)
    try:
        outputs = action(inputs) or {}
    except RefusedError as refusal:
        print(f"::error::{refusal}")
        sys.exit(1)
    for name, value in outputs.items():
        append("GITHUB_OUTPUT", f"{name}={value}")


def record(inputs: Inputs) -> None:
    """One line of the log, written at once, for jobs run side by side."""
    about = {"action": "GITHUB_ACTION_REPOSITORY", "job": "GITHUB_JOB", "run": "GITHUB_RUN_ID"}
    line = {key: os.environ[variable] for key, variable in about.items()} | {"inputs": inputs}
    with (folder() / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")


def append(variable: str, line: str) -> None:
    with Path(os.environ[variable]).open("a") as file:
        file.write(f"{line}\n")


def folder() -> Path:
    return Path(os.environ["STANDINS_FOLDER"])


def workspace() -> Path:
    return Path(os.environ["GITHUB_WORKSPACE"])


def flag(inputs: Inputs, name: str) -> bool:
    if inputs[name].lower() not in ("true", "false"):
        raise RefusedError(f"{name}: expected true or false, found {inputs[name]!r}")
    return inputs[name].lower() == "true"


def checked_key(inputs: Inputs) -> str:
    """The key of a cache, as actions/cache takes it."""
    needed(inputs, "path", "key")
    if len(inputs["key"]) > LONGEST_KEY or "," in inputs["key"]:
        raise RefusedError(
            f"Key Validation Error: longer than {LONGEST_KEY} or with a comma: {inputs['key']}"
        )
    return inputs["key"]


def needed(inputs: Inputs, *names: str) -> None:
    for name in names:
        if not inputs[name].strip():
            raise RefusedError(f"Input required and not supplied: {name}")


def only(inputs: Inputs, *known: str) -> None:
    """Refuse inputs that the real action takes and the stand-in would ignore."""
    if given := [name for name, value in inputs.items() if value and name not in known]:
        raise RefusedError(f"the stand-in does not do what {', '.join(given)} asks for")
