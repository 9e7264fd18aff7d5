"""Where a component's files come from: the work tree as it lies there, or any commit, with no checkout."""

import os
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from components.shared.command_line import SettingsError, WorldError


@dataclass(frozen=True)
class File:
    content: bytes
    executable: bool


class Source(Protocol):
    root: Path
    paths: Iterable[str]
    """Every file, relative to `root`."""

    def read(self, paths: Iterable[str]) -> dict[str, File]: ...


class WorkTree:
    """The files below `root` as they are now, those that git ignores left out."""

    def __init__(self, root: Path):
        self.root = root
        self.paths = sorted({path for path in self._listed() if os.path.lexists(root / path)})

    def __str__(self) -> str:
        return "the work tree"

    def read(self, paths: Iterable[str]) -> dict[str, File]:
        return {path: self._file(path) for path in paths}

    def _file(self, path: str) -> File:
        place = self.root / path
        mode = place.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise _not_a_file(path, self)
        return File(_text_as_git_has_it(place.read_bytes()), bool(mode & stat.S_IXUSR))

    def _listed(self) -> list[str]:
        if not _in_git(self.root):
            below = (path.relative_to(self.root) for path in self.root.rglob("*") if not path.is_dir())
            return [
                path.as_posix() for path in below if not {"__pycache__", ".mlops", ".venv"} & {*path.parts}
            ]
        # What a person's own ignore file leaves out must not change a hash.
        own = ("-c", "core.excludesFile=")
        return _names(_git(self.root, *own, "ls-files", "-z", "--cached", "--others", "--exclude-standard"))


class GitTree:
    """The files of one commit, read from git's object store."""

    def __init__(self, root: Path, ref: str):
        if not _in_git(root):
            raise SettingsError(f"{root}: expected a git checkout to read {ref} from, found none")
        self.root = root
        self.commit = resolve_commit(root, ref)
        self._entries: dict[str, tuple[str, str]] = {}
        for line in _names(_git(root, "ls-tree", "-r", "-z", self.commit)):
            about, path = line.split("\t", 1)
            mode, _, blob = about.split()
            self._entries[path] = (mode, blob)
        self.paths = list(self._entries)

    def __str__(self) -> str:
        return f"commit {self.commit[:12]}"

    def read(self, paths: Iterable[str]) -> dict[str, File]:
        paths = list(paths)
        for path in paths:
            if self._entries[path][0] not in ("100644", "100755"):
                raise _not_a_file(path, self)
        wanted = "".join(f"{self._entries[path][1]}\n" for path in paths).encode()
        answer = _git(self.root, "cat-file", "--batch", stdin=wanted)
        files, start = {}, 0
        for path in paths:
            header_end = answer.index(b"\n", start)
            header = answer[start:header_end].decode()
            if header.endswith(" missing"):
                raise WorldError(f"{path}: expected its content in {self}, found it missing from this clone")
            end = header_end + 1 + int(header.split()[2])
            content = _text_as_git_has_it(answer[header_end + 1 : end])
            files[path] = File(content, executable=self._entries[path][0] == "100755")
            start = end + 1
        return files


def resolve_commit(root: Path, ref: str) -> str:
    """The full SHA of the commit that `ref` names."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    try:
        return _git(root, *arguments).decode().strip()
    except WorldError:
        hint = "a shallow clone gets the rest by `git fetch --unshallow`"
        raise SettingsError(f"{ref}: expected a commit, found none of that name; {hint}") from None


def _text_as_git_has_it(content: bytes) -> bytes:
    """A checkout may turn line ends into CRLF; an image is the same wherever it was checked out."""
    return content if b"\0" in content[:8000] else content.replace(b"\r\n", b"\n")


def _not_a_file(path: str, source: Source) -> SettingsError:
    return SettingsError(f"{path}: expected a regular file in {source}, found a link or a submodule")


def _in_git(root: Path) -> bool:
    try:
        return _git(root, "rev-parse", "--is-inside-work-tree") == b"true\n"
    except WorldError:
        return False


def _names(output: bytes) -> list[str]:
    return [name for name in os.fsdecode(output).split("\0") if name]


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, input=stdin, capture_output=True)
    except FileNotFoundError:
        raise WorldError("git: expected it on this machine, found no such program") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"]
        raise WorldError(f"git {arguments[0]}: {said[0]}")
    return done.stdout
