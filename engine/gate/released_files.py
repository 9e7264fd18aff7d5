"""The files that the template owns, and the hashes that its release recorded of them.

A pin does not count: a newer commit of an action or a newer digest of a base image has the same hash.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.sources import File, Source

PATH = Path(".github/release.sha256")
OWNED = re.compile(
    r"(\.ci|\.github|bench|demo|engine|local_kfp|scripts)/.*|tests/test_rules\.py"
    r"|Makefile|mlops|\.pre-commit-config\.yaml"
)
SET_BY_USERS = {f".github/{name}" for name in (PATH.name, "template.json", "CODEOWNERS", "set-up.yaml")}
PINS = (
    (
        re.compile(r"\.github/.*\.ya?ml"),
        re.compile(rb"(uses: [\w./-]+)@[0-9a-f]{40}( # v[\d.]+)?(?=\r?$)", re.M),
    ),
    (re.compile(r"(.*/)?Dockerfile"), re.compile(rb"^(FROM [^\s@]+)@sha256:[0-9a-f]{64}", re.M)),
)


def is_owned(path: str) -> bool:
    return path not in SET_BY_USERS and bool(OWNED.fullmatch(path))


def hashes(source: Source, paths: Iterable[str]) -> dict[str, str]:
    """By path, of those of `paths` that the template owns and `source` has."""
    there = {*filter(is_owned, paths)} & {*source.paths}
    return {path: hash_of(path, file) for path, file in source.read(there).items()}


def hash_of(path: str, file: File) -> str:
    """SHA-256 of the file's mode and of its content without pins."""
    content = file.content
    for files, pin in PINS:
        if files.fullmatch(path):
            content = pin.sub(rb"\1", content)
    return hashlib.sha256((b"executable\n" if file.executable else b"plain\n") + content).hexdigest()


def read(root: Path) -> dict[str, str]:
    """The hashes that the release in `root` recorded; none if it recorded nothing."""
    file = root / PATH
    lines = file.read_text().splitlines() if file.is_file() else []
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def text(recorded: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(recorded.items()))


def differing(source: Source, changed: Iterable[str], recorded: Mapping[str, str]) -> list[str]:
    """The owned paths among `changed` that `source` does not have as the release recorded them."""
    owned = [path for path in changed if is_owned(path)]
    actual = hashes(source, owned)
    return [path for path in owned if path not in actual or actual[path] != recorded.get(path)]
