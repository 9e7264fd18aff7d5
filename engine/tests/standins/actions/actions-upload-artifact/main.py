"""Keep files as an artifact: a folder artifacts/<run>/<name> with an `artifact.json` beside its `files`."""

import hashlib
import json
import os
import re
import shutil
import uuid
from itertools import takewhile
from pathlib import Path

from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, folder, needed, run, workspace

FORBIDDEN = re.compile(r'["<>:|*?\r\n\\/]')


def upload(inputs: Inputs) -> dict[str, str]:
    needed(inputs, "path")
    if inputs["if-no-files-found"] not in ("warn", "error", "ignore"):
        raise RefusedError(f"Unrecognized if-no-files-found input: {inputs['if-no-files-found']}")
    root, files = found(inputs["path"].split("\n"), flag(inputs, "include-hidden-files"))
    if not files:
        said = f"No files were found with the provided path: {inputs['path']}. No artifacts will be uploaded."
        if inputs["if-no-files-found"] == "error":
            raise RefusedError(said)
        print(f"::warning::{said}" if inputs["if-no-files-found"] == "warn" else said)
        return {}
    archive = flag(inputs, "archive")
    if not archive and len(files) > 1:
        raise RefusedError(f"When 'archive' is set to false, only a single file can be uploaded: {files}")
    name = inputs["name"] if archive else files[0].name
    if FORBIDDEN.search(name) or not name:
        raise RefusedError(f"The artifact name is not valid: {name!r}")
    artifact = folder() / "artifacts" / os.environ["GITHUB_RUN_ID"] / name
    if flag(inputs, "overwrite") and archive:
        shutil.rmtree(artifact, ignore_errors=True)
    try:
        artifact.mkdir(parents=True)
    except FileExistsError:
        raise RefusedError(f"Failed to CreateArtifact: an artifact named {name} already exists") from None
    return kept(artifact, archive, root, files)


def kept(artifact: Path, archive: bool, root: Path, files: list[Path]) -> dict[str, str]:
    digest = hashlib.sha256()
    for file in files:
        target = artifact / "files" / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        digest.update(file.read_bytes())
    number = uuid.uuid4().int % 10**9
    described = {"id": number, "name": artifact.name, "archive": archive, "digest": digest.hexdigest()}
    (artifact / "artifact.json").write_text(json.dumps(described))
    address = (
        f"https://github.com/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    )
    return {
        "artifact-id": str(number),
        "artifact-url": f"{address}/artifacts/{number}",
        "artifact-digest": digest.hexdigest(),
    }


def found(patterns: list[str], hidden: bool) -> tuple[Path, list[Path]]:
    """The files to upload, and the folder that their names in the artifact count from."""
    starts: list[Path] = []
    files: set[Path] = set()
    for pattern in filter(None, map(str.strip, patterns)):
        where = Path(workspace(), Path(pattern.removeprefix("!")).expanduser())
        start = before_wildcards(where)
        matches = set(start.glob(str(where.relative_to(start)))) if where != start else {start}
        within = {file for match in matches if match.is_dir() for file in match.rglob("*")} | matches
        listed = {path for path in within if path.is_file() and (hidden or not is_hidden(path, start))}
        files = files - listed if pattern.startswith("!") else files | listed
        starts += [] if pattern.startswith("!") else [start]
    root = Path(os.path.commonpath(starts)) if starts else workspace()
    return (root.parent if root.is_file() else root), sorted(files)


def before_wildcards(where: Path) -> Path:
    plain = takewhile(lambda part: not re.search(r"[*?\[]", part), where.parts)
    return Path(*plain)


def is_hidden(path: Path, start: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(start).parts)


if __name__ == "__main__":
    run(upload)
