"""Hit where a job of this ref, or else the test, says what a cache has for every path, as a copy of it; miss
elsewhere."""

import json
import os
import shutil
from pathlib import Path

from engine.tests.standins.actions.standin import (
    Inputs,
    RefusedError,
    checked_key,
    flag,
    folder,
    run,
    workspace,
)


def restore(inputs: Inputs) -> dict[str, str]:
    key = checked_key(inputs)
    cached = json.loads(os.environ["STANDINS_CACHED"]) | saved()  # by the last part of a path
    paths = [workspace() / Path(path).expanduser() for path in inputs["path"].split()]
    if not all(path.name in cached for path in paths):
        if flag(inputs, "fail-on-cache-miss"):
            raise RefusedError(f"Failed to restore cache entry. Input key: {key}")
        return {"cache-primary-key": key}
    for path in paths if not flag(inputs, "lookup-only") else ():
        shutil.copytree(cached[path.name], path, symlinks=True, dirs_exist_ok=True)
    return {"cache-hit": "true", "cache-primary-key": key, "cache-matched-key": key}


def saved() -> dict[str, str]:
    """What code of this ref's jobs saved, under every key: GitHub looks there first."""
    return {path.name: str(path) for path in (folder() / "caches" / os.environ["GITHUB_REF"]).glob("*")}


if __name__ == "__main__":
    run(restore)
