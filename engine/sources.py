"""Where a component's files come from: git's index, the work tree as it lies there, or any commit."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from engine.command_line import SettingsError, WorldError

PLAIN, EXECUTABLE = "100644", "100755"


class Entry(NamedTuple):
    """A file as git names it: its mode, and the id of its content."""

    mode: str
    blob: str


@dataclass(frozen=True)
class File:
    content: bytes
    executable: bool


class Source:
    """Files by path, relative to `root`, in git's object store; to name one is cheaper than to read it."""

    is_past = False
    """Whether its files can no longer be changed, and so are taken as they are."""

    def __init__(self, root: Path, listing: dict[str, str]):
        self.root = root
        self.paths = sorted(listing)
        self._listing = listing

    def entry(self, path: str) -> Entry:
        mode, blob, *_ = self._listing[path].split(" ")
        if mode not in (PLAIN, EXECUTABLE):
            raise SettingsError(f"{path}: expected a regular file in {self}, found a link or a submodule")
        return Entry(mode, blob)

    def changed(self, base: "Source") -> list[str]:
        """The paths that are new, gone or another here than in `base`."""
        paths = {*self._listing, *base._listing}
        return sorted(path for path in paths if self._identity(path) != base._identity(path))

    def _identity(self, path: str) -> list[str]:
        """Mode and blob, of links and submodules too; nothing if there is no such file."""
        return self._listing.get(path, "").split(" ")[:2]

    def read(self, paths: Iterable[str]) -> dict[str, File]:
        entries = {path: self.entry(path) for path in paths}
        here = {path: self._checked_out(path, entry.blob) for path, entry in entries.items()}
        contents = {path: content for path, content in here.items() if content is not None}
        contents |= self._from_git([path for path in here if path not in contents])
        return {path: File(contents[path], entry.mode == EXECUTABLE) for path, entry in entries.items()}

    def _checked_out(self, path: str, blob: str) -> bytes | None:
        """The content as it lies in the work tree, sooner read than git's copy; None if it is another."""
        try:
            with open(f"{self.root}/{path}", "rb") as file:  # noqa: PTH123 - for hundreds of files, Path is slow
                content = file.read()
        except OSError:
            return None
        return content if _blob(content) == blob else None

    def _from_git(self, paths: list[str]) -> dict[str, bytes]:
        wanted = "".join(f"{self.entry(path).blob}\n" for path in paths).encode()
        answer = git(self.root, "cat-file", "--batch", stdin=wanted) if paths else b""
        contents, start = {}, 0
        for path in paths:
            header_end = answer.index(b"\n", start)
            header = answer[start:header_end]
            if header.endswith(b" missing"):
                raise WorldError(f"{path}: expected its content in {self}, found it missing from this clone")
            end = header_end + 1 + int(header.rpartition(b" ")[2])
            contents[path] = answer[header_end + 1 : end]
            start = end + 1
        return contents


class GitIndex(Source):
    """What git would commit now: the same on every machine, however the checkout lies there."""

    def __init__(self, root: Path):
        super().__init__(root, _listing(git(root, "ls-files", "--stage", "-z")))

    def __str__(self) -> str:
        return "git's index"


class GitTree(Source):
    """The files of one commit."""

    is_past = True

    def __init__(self, root: Path, ref: str):
        if not in_git(root):
            raise SettingsError(f"{root}: expected a git checkout to read {ref} from, found none")
        self.commit = resolve_commit(root, ref)
        # With --format, git quotes names beyond ASCII in spite of -z.
        listing = _listing(git(root, "ls-tree", "-r", "-z", self.commit))
        entries = ((path, *words.split(" ")) for path, words in listing.items())
        super().__init__(root, {path: f"{mode} {blob}" for path, mode, _, blob in entries})

    def __str__(self) -> str:
        return f"commit {self.commit[:12]}"


class WorkTree(Source):
    """The files below `root` as they are now, those that git ignores left out."""

    def __init__(self, root: Path):
        if in_git(root):
            touched = ("ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard")
            # What a person's own ignore file leaves out must not change a hash.
            paths = {*_names(git(root, "-c", "core.excludesFile=", *touched))}
            listing = _listing(git(root, "ls-files", "--stage", "-z"))
        else:
            below = (path.relative_to(root) for path in root.rglob("*") if not path.is_dir())
            ours = (path for path in below if not {"__pycache__", ".mlops", ".venv"} & {*path.parts})
            paths, listing = {path.as_posix() for path in ours}, {}
        self._touched = {path for path in paths if os.path.lexists(root / path)}
        self._contents: dict[str, bytes] = {}
        untouched = {path: words for path, words in listing.items() if path not in paths}
        super().__init__(root, untouched | dict.fromkeys(self._touched, ""))

    def __str__(self) -> str:
        return "the work tree"

    def entry(self, path: str) -> Entry:
        self._identity(path)
        return super().entry(path)

    def _identity(self, path: str) -> list[str]:
        if path in self._touched and not self._listing[path]:
            self._listing[path] = self._as_added(path)
        return super()._identity(path)

    def _as_added(self, path: str) -> str:
        """What `git add` would list; the content is kept, so that what is staged is what was hashed."""
        place = self.root / path
        mode = place.lstat().st_mode
        if not stat.S_ISREG(mode):
            return f"{mode:o} no-blob"
        content = self._contents[path] = _with_unix_line_ends(place.read_bytes())
        return f"{EXECUTABLE if mode & stat.S_IXUSR else PLAIN} {_blob(content)}"

    def _checked_out(self, path: str, blob: str) -> bytes | None:
        return self._contents[path] if path in self._touched else super()._checked_out(path, blob)


class Files(Source):
    """Files in memory, which are staged below `root`."""

    is_past = True

    def __init__(self, root: Path, files: dict[str, File]):
        self._files = files
        super().__init__(root, {path: f"{_mode(file)} {_blob(file.content)}" for path, file in files.items()})

    def __str__(self) -> str:
        return "an archive"

    def _checked_out(self, path: str, blob: str) -> bytes | None:
        return self._files[path].content


def resolve_commit(root: Path, ref: str) -> str:
    """The full SHA of the commit that `ref` names."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    try:
        return git(root, *arguments).decode().strip()
    except WorldError:
        hint = "a shallow clone gets the rest by `git fetch --unshallow`"
        raise SettingsError(f"{ref}: expected a commit, found none of that name; {hint}") from None


def head_of(root: Path, base: str) -> str:
    """The commit that is checked out at `root`; if that only merges a commit with `base`, that commit."""
    head, *parents = git(root, "rev-list", "--parents", "--max-count=1", "HEAD").decode().split()
    return parents[1] if parents[:1] == [base] and len(parents) == 2 else head


def commit_day(root: Path) -> date:
    """The day, in UTC, that the commit checked out at `root` was made on."""
    seconds = int(git(root, "show", "--no-patch", "--format=%ct", "HEAD"))
    return datetime.fromtimestamp(seconds, UTC).date()


def merge_base(root: Path, ref: str) -> str | None:
    """The newest commit that HEAD and `ref` have in common; None if this clone has none."""
    try:
        return git(root, "merge-base", "HEAD", resolve_commit(root, ref)).decode().strip()
    except (SettingsError, WorldError):
        return None


def _with_unix_line_ends(content: bytes) -> bytes:
    """A checkout may turn line ends into CRLF; an image is the same wherever it was checked out."""
    return content if b"\0" in content[:8000] else content.replace(b"\r\n", b"\n")


def in_git(root: Path) -> bool:
    try:
        return git(root, "rev-parse", "--is-inside-work-tree") == b"true\n"
    except WorldError:
        return False


def _listing(output: bytes) -> dict[str, str]:
    """What git says before the tab of each line, "mode blob ...", by the path after it."""
    lines = (line.partition("\t") for line in _names(output))
    return {path: words for words, _, path in lines}


def _mode(file: File) -> str:
    return EXECUTABLE if file.executable else PLAIN


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _names(output: bytes) -> list[str]:
    return os.fsdecode(output).split("\0")[:-1]


def git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    if not root.is_dir():
        raise SettingsError(f"{root}: expected the folder of a checkout, found none")
    try:
        done = subprocess.run(["git", *arguments], cwd=root, input=stdin, capture_output=True)
    except FileNotFoundError:
        raise WorldError("git: expected it on this machine, found no such program") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"]
        raise WorldError(f"git {arguments[0]}: {lines[0]}")
    return done.stdout
