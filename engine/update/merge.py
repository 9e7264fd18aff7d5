"""Merge the template's change in a work tree of its own, so that the user's is never touched."""

import json
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from engine.update.git import Git, WorldError
from engine.update.pins import LOCK, alike, merged_lock
from engine.update.record import PATH as RECORD

MARKER = re.compile(rb"(?m)^(<{7}|>{7})")
AUTHOR = ("-c", "user.name=template", "-c", "user.email=template@localhost")
MODEL = ("mlops.yaml", "components/build_features/features.py")
RELEASED = ".github/release.sha256"
CHANGE = "refs/update/change"


@dataclass(frozen=True)
class Waiting:
    """A merge whose conflicts the user is resolving."""

    target: str
    base: str
    conflicts: list[str]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def write(self, path: Path) -> None:
        """At once or not at all: an interrupted update never looks like one that waits."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self)), encoding="utf-8")
        new.replace(path)


def check_out(copy: Git, folder: Path, commit: str) -> Git:
    """A new detached work tree in place of whatever an interrupted update left."""
    remove(copy, folder)
    copy("worktree", "add", "--quiet", "--detach", "--force", folder, commit)
    return Git(folder)


def remove(copy: Git, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    copy("worktree", "prune")


def merge(work: Git, template: Git, base: str, target: str) -> None:
    """Pick the change from `base` to `target` as one commit: a merge with `base` as its base.

    Only the two trees are fetched, so that the template's history does not get into the user's repository."""
    parent = template(*AUTHOR, "commit-tree", f"{base}^{{tree}}", "-m", "Base of the update")
    message = f"Template at {target[:12]}"
    change = template(*AUTHOR, "commit-tree", f"{target}^{{tree}}", "-p", parent, "-m", message)
    template("update-ref", CHANGE, change)
    work("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", template.folder, CHANGE)
    picked = work.run("cherry-pick", "--no-commit", change)
    if picked.returncode and not unmerged(work):
        lines = picked.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise WorldError(f"git cherry-pick: expected a merge, found: {lines[0]}")


def unmerged(work: Git) -> dict[str, dict[int, str]]:
    """Blobs of each conflicted path, if they exist: 1 of the base, 2 of the copy, 3 of the template."""
    stages: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in filter(None, work.bytes("ls-files", "--unmerged", "-z").split(b"\0")):
        details, path = entry.split(b"\t", 1)
        _, blob, stage = details.split()
        stages[path.decode(errors="surrogateescape")][int(stage)] = blob.decode()
    return dict(stages)


def unresolved(work: Git, conflicts: list[str]) -> list[str]:
    """The paths that git still calls unmerged, or that still contain conflict markers."""
    marked = {path for path in conflicts if MARKER.search(_content(work.folder / path))}
    return sorted(marked | {*unmerged(work)})


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def resolve(work: Git, template: Git, base: str, target: str) -> Iterator[str]:
    """Resolve what has one right answer, and say so where the user should look: what the user deleted stays
    deleted, the files that describe the user's model stay, the record of released files is the template's,
    locks get the newer version of each package, and of two pins in one line the newer is taken."""
    for path, blobs in unmerged(work).items():
        if path == RECORD:
            work("add", "--", path)  # each update writes it
        elif 2 not in blobs and 1 in blobs:
            work("rm", "--quiet", "--force", "--ignore-unmatch", "--", path)
            yield f"{path}: deleted in this copy and changed in the template; stays deleted"
        elif path == RELEASED and {2, 3} <= {*blobs}:
            work("checkout", "--quiet", "--theirs", "--", path)
            work("add", "--", path)
            yield f"{path}: the template's; on the branch, run make record to record your own changes again"
        elif path in MODEL and 2 in blobs:
            work("checkout", "--quiet", "--ours", "--", path)
            work("add", "--", path)
            change = " ".join(blobs[stage] for stage in (1, 3) if stage in blobs)
            yield f"{path}: yours stays; what the template changed in its own: git diff {change}"
        elif {*blobs} == {1, 2, 3} and not LOCK.fullmatch(path):
            _merge_alike(work, path, [work.bytes("cat-file", "blob", blobs[stage]) for stage in (1, 2, 3)])
    _merge_locks(work, template, base, target)


def _merge_alike(work: Git, path: str, contents: list[bytes]) -> None:
    """Merge a file again, its pins made alike; what still conflicts is left with fewer markers."""
    try:
        base, ours, theirs = alike(*(content.decode() for content in contents))
    except UnicodeDecodeError:
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("copy", "base", "template")]
        for file, text in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(text.encode())
        labels = [word for file in files for word in ("-L", file.name)]
        merged = work.run("merge-file", "-p", *labels, *files)
    if merged.returncode in range(128):  # the number of conflicts; more are errors
        ends = b"\r\n" if b"\r\n" in _content(work.folder / path) else b"\n"
        (work.folder / path).write_bytes(re.sub(rb"\r?\n", ends, merged.stdout))
        if not merged.returncode:
            work("add", "--", path)


def _merge_locks(work: Git, template: Git, base: str, target: str) -> None:
    """Locks that both sides changed are never merged as text."""
    trees = [template.files(base), work.files("HEAD"), template.files(target)]
    for path in filter(LOCK.fullmatch, trees[2]):
        blobs = [tree.get(path) for tree in trees]
        if blobs[1] and blobs[1] not in (blobs[0], blobs[2]) and blobs[0] != blobs[2]:
            texts = (template.text(base, path), work.text("HEAD", path), template.text(target, path))
            (work.folder / path).write_text(merged_lock(*texts), encoding="utf-8")
            work("add", "--", path)


def environment() -> dict[str, str]:
    """Of a command in the work tree: without the settings of the make that runs the update."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
