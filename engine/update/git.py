"""Calls of git, and the errors of an update: each is one line and has an exit status."""

import os
import subprocess
from pathlib import Path

SETTINGS = {
    "advice.detachedHead": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "gc.auto": "0",
    # A file that the user added beside ours stays where it is when ours move.
    "merge.directoryRenames": "false",
    "merge.renameLimit": "20000",
}
OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
Files = dict[str, str]
"""Blob of each path of a commit, an index or a tree."""


class UpdateError(Exception):
    """One line: expected, found, what to do."""

    status = 3


class SettingsError(UpdateError):
    status = 2


class WorldError(UpdateError):
    status = 3


class Git:
    """git in one folder, with settings that make its results the same on every machine."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._environment = {
            name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY
        } | {"LC_ALL": "C"}

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        return subprocess.run(
            ["git", *settings, *words], cwd=self.folder, env=self._environment, capture_output=True
        )

    def __call__(self, *words: str | Path) -> str:
        """The output of a command that must succeed."""
        return self.bytes(*words).decode(errors="surrogateescape").strip()

    def bytes(self, *words: str | Path) -> bytes:
        done = self.run(*words)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            command = " ".join(map(str, words[:2]))
            raise WorldError(f"git {command}: expected success, found: {lines[-1]}")
        return done.stdout

    def succeeds(self, *words: str | Path) -> bool:
        return self.run(*words).returncode == 0

    def text(self, commit: str, path: str) -> str:
        """Content of a file; empty if the commit has no such file."""
        return self.run("show", f"{commit}:{path}").stdout.decode(errors="replace")

    def files(self, commit: str) -> Files:
        entries = self.bytes("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
        split = (entry.split(b"\t", 1) for entry in entries if entry)
        return {path.decode(errors="surrogateescape"): details.split()[2].decode() for details, path in split}

    def commit_of(self, reference: str) -> str:
        """Hash of the commit that a branch, tag or short hash names; empty if there is none."""
        done = self.run("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        return done.stdout.decode().strip()
