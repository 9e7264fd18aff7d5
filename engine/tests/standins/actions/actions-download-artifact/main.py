"""Put a run's artifacts, kept by the stand-in of upload-artifact, into a folder.

By their ids as src/download-artifact.ts of the real action does at 484a0b5.
"""

import json
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, folder, run, workspace


def download(inputs: Inputs) -> dict[str, str]:
    flag(inputs, "skip-decompress")
    # Without a token, the real one looks at its own run whatever run-id says.
    run_id = inputs["run-id"] if inputs["github-token"] else os.environ["GITHUB_RUN_ID"]
    if inputs["github-token"] and inputs["repository"] != os.environ["GITHUB_REPOSITORY"]:
        raise RefusedError(f"Not Found: the artifacts of {inputs['repository']}")
    artifacts = chosen(inputs, kept(run_id))
    target = (workspace() / Path(inputs["path"] or ".").expanduser()).resolve()
    flat = bool(inputs["name"]) or flag(inputs, "merge-multiple") or len(artifacts) == 1
    for name, artifact in artifacts.items():
        here = target if flat else target / name
        shutil.copytree(artifact["folder"] / "files", here, dirs_exist_ok=True)
    print(f"Total of {len(artifacts)} artifact(s) downloaded")
    return {"download-path": str(target)}


def kept(run_id: str) -> dict[str, dict[str, Any]]:
    where = (folder() / "artifacts" / run_id).glob("*/artifact.json")
    return {
        path.parent.name: json.loads(path.read_text()) | {"folder": path.parent} for path in sorted(where)
    }


def chosen(inputs: Inputs, artifacts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if inputs["name"] and inputs["artifact-ids"]:
        raise RefusedError(
            "Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only one."
        )
    if ids := {each.strip() for each in inputs["artifact-ids"].split(",")} - {""}:
        found = {name: each for name, each in artifacts.items() if str(each["id"]) in ids}
        if not found:
            raise RefusedError("None of the provided artifact IDs were found")
        return found
    if name := inputs["name"]:
        if name not in artifacts:
            raise RefusedError(f"Unable to download artifact(s): Artifact '{name}' not found")
        return {name: artifacts[name]}
    pattern = inputs["pattern"] or "*"
    return {name: artifact for name, artifact in artifacts.items() if fnmatchcase(name, pattern)}


if __name__ == "__main__":
    run(download)
