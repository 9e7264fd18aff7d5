"""A repository as GitHub holds it, and the events that it would start workflows with."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.tests.project import Project

NAME = "you/flight-delays"
REPOSITORY = {
    "id": 1,
    "full_name": NAME,
    "name": "flight-delays",
    "owner": {"login": "you", "type": "User"},
    "default_branch": "main",
    "private": False,
    "fork": False,
    "is_template": False,
}
FORK = REPOSITORY | {"id": 2, "full_name": "eve/flight-delays", "owner": {"login": "eve"}, "fork": True}
PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Event:
    """What starts a workflow: its name, payload, commit and ref, who, and whether it may have secrets."""

    name: str
    payload: dict[str, Any]
    sha: str
    ref: str
    actor: str = "ada"
    trusted: bool = True


@dataclass
class Origin:
    """The bare repository of `project`, its main branch being what `project` has committed."""

    folder: Path
    project: Project
    git_dir: Path = field(init=False)

    def __post_init__(self) -> None:
        self.git_dir = self.folder / "repositories" / f"{NAME}.git"
        self.git_dir.parent.mkdir(parents=True)
        command = ["git", "clone", "--quiet", "--bare", self.project.root, self.git_dir]
        subprocess.run(command, check=True)
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")

    def git(self, *words: str) -> str:
        command = ["git", *PERSON, *words]
        done = subprocess.run(command, cwd=self.git_dir, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def pull_request(
        self, change: Project, number: int = 12, author: str = "ada", repository: dict[str, Any] = REPOSITORY
    ) -> Event:
        """The event of a pull request of what `change` has committed; its checkout is the merge with main."""
        change.git("push", "--quiet", "--force", str(self.git_dir), f"HEAD:refs/pull/{number}/head")
        base, head = self.git("rev-parse", "main"), self.git("rev-parse", f"refs/pull/{number}/head")
        merge = self._merge(base, head)
        self.git("update-ref", f"refs/pull/{number}/merge", merge)
        pull = {
            "number": number,
            "title": "A change",
            "draft": False,
            "user": {"login": author},
            "head": {"ref": "a-change", "sha": head, "repo": repository},
            "base": {"ref": "main", "sha": base, "repo": REPOSITORY},
        }
        payload = {"action": "synchronize", "number": number, "pull_request": pull}
        trusted = repository is REPOSITORY and author != "dependabot[bot]"
        return self._event("pull_request", payload, merge, f"refs/pull/{number}/merge", author, trusted)

    def merge_group(self, change: Project, number: int = 12) -> Event:
        """The event of the merge queue for that pull request."""
        pull = self.pull_request(change, number)
        base, ref = (
            self.git("rev-parse", "main"),
            f"refs/heads/gh-readonly-queue/main/pr-{number}-{pull.sha}",
        )
        self.git("update-ref", ref, pull.sha)
        group = {"head_sha": pull.sha, "head_ref": ref, "base_sha": base, "base_ref": "refs/heads/main"}
        payload = {"action": "checks_requested", "merge_group": group}
        return self._event("merge_group", payload, pull.sha, ref)

    def push(self, change: Project | None = None) -> Event:
        """The event of a push to main, of what `change` has committed (default: what is there)."""
        before = self.git("rev-parse", "main")
        if change:
            change.git("push", "--quiet", str(self.git_dir), "HEAD:refs/heads/main")
        after = self.git("rev-parse", "main")
        payload = {"before": before, "after": after, "deleted": False, "ref": "refs/heads/main"}
        return self._event("push", payload, after, "refs/heads/main")

    def on_main(self, name: str, payload: dict[str, Any] | None = None, actor: str = "ada") -> Event:
        """An event that runs on main: schedule, workflow_run, workflow_dispatch with its inputs, ..."""
        return self._event(name, payload or {}, self.git("rev-parse", "main"), "refs/heads/main", actor)

    def _event(
        self,
        name: str,
        payload: dict[str, Any],
        sha: str,
        ref: str,
        actor: str = "ada",
        trusted: bool = True,
    ) -> Event:
        common = {"repository": REPOSITORY, "sender": {"login": actor}}
        return Event(name, common | payload, sha, ref, actor, trusted)

    def _merge(self, base: str, head: str) -> str:
        tree = self.git("merge-tree", "--write-tree", base, head)
        return self.git("commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge {head} into {base}")
