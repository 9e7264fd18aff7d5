"""List what a change replaces of its base: settings, features, locked libraries, and the two commits."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.documents.changes import Changes, Commit, Replaced, ReplacedLibrary
from engine.gate.model_code import ModelCode
from engine.images.images import Image
from engine.sources import GitTree, git, head_of

PINNED = re.compile(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
COLUMNS = "features.columns."
MOST_ENTRIES, LONGEST_TEXT = 50, 160


def replaced_values(candidate: ModelCode, control: ModelCode, base: str | None) -> Changes:
    """What `candidate` replaces of `control`, the code of the commit `base`."""
    mine, old = ({*code.settings.features.columns} for code in (candidate, control))
    added, removed = sorted(mine - old), sorted(old - mine)
    settings = replaced_settings(candidate, control, {*added, *removed})
    libraries = replaced_libraries(candidate.images, control.images)
    lists: list[Sequence[object]] = [settings, added, removed, libraries]
    changes: Changes = {
        "settings": settings[:MOST_ENTRIES],
        "features_added": [shortened(name) for name in added[:MOST_ENTRIES]],
        "features_removed": [shortened(name) for name in removed[:MOST_ENTRIES]],
        "libraries": libraries[:MOST_ENTRIES],
        "omitted": sum(max(0, len(each) - MOST_ENTRIES) for each in lists),
    }
    if base:
        changes["base"] = read_commit(control.source.root, base)
        if head := committed_head(candidate, base):
            changes["candidate"] = read_commit(candidate.source.root, head)
    return changes


def replaced_settings(candidate: ModelCode, control: ModelCode, listed: set[str]) -> list[Replaced]:
    """Each setting with another value, by its path; of the features `listed` elsewhere there is none."""
    old, new = (flattened(code.settings.model_dump(mode="json")) for code in (control, candidate))
    own = tuple(f"{COLUMNS}{name}." for name in listed)
    return [
        {"name": shortened(path), "old": old.get(path), "new": new.get(path)}
        for path in {**old, **new}
        if old.get(path) != new.get(path) and not path.startswith(own)
    ]


def flattened(document: Mapping[str, Any]) -> dict[str, str]:
    """The values of nested objects as text, by dotted path; null is no value."""
    return dict(_flattened(document, ""))


def _flattened(document: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict) and value:
            yield from _flattened(value, f"{prefix}{name}.")
        elif value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{prefix}{name}", shortened(text)


def replaced_libraries(mine: Mapping[str, Image], base: Mapping[str, Image]) -> list[ReplacedLibrary]:
    """Each library with another version in a component's lock; components with the same step are together."""
    steps: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
    for component in sorted({*mine, *base}):
        old, new = (locked_libraries(component, images) for images in (base, mine))
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                steps[name, old.get(name), new.get(name)].append(component)
    return [
        {"name": name, "old": old, "new": new, "components": components}
        for (name, old, new), components in sorted(steps.items(), key=lambda step: step[0][0])
    ]


def locked_libraries(component: str, images: Mapping[str, Image]) -> dict[str, str]:
    """The versions by library in the lock of a component; none without the component or its lock."""
    if component not in images:
        return {}
    lock = images[component].path / f"components/{component}/requirements.txt"
    pinned = PINNED.findall(lock.read_text(errors="replace")) if lock.is_file() else []
    return {shortened(name.lower()): shortened(version) for name, version in pinned}


def committed_head(candidate: ModelCode, base: str) -> str | None:
    """The commit that has the change; None for a work tree with more than its last commit has."""
    root = candidate.source.root
    if candidate.source.changed(GitTree(root, "HEAD")):
        return None
    head = head_of(root, base)
    return None if head == base else head


def read_commit(root: Path, ref: str, environment: Mapping[str, str] = os.environ) -> Commit:
    """The commit that `ref` names; its page is GitHub's, in a workflow."""
    fields = git(root, "show", "--no-patch", "--format=%H%x00%ct%x00%an%x00%s", ref).decode(errors="replace")
    sha, seconds, author, subject = fields.rstrip("\n").split("\0")
    moment = datetime.fromtimestamp(int(seconds), UTC)
    commit: Commit = {
        "sha": sha,
        "subject": shortened(subject),
        "author": shortened(author),
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    if server and repository:
        commit["url"] = f"{server}/{repository}/commit/{sha}"
    return commit


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
