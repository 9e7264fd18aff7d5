"""The steps of an update: base, merge, migrations, locks, one commit on a branch of its own, tests."""

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engine.update import changelog
from engine.update.base import find_base
from engine.update.git import Git, SettingsError, WorldError
from engine.update.merge import Waiting, check_out, environment, merge, remove, resolve, unmerged, unresolved
from engine.update.migrate import migrate, pin_alike
from engine.update.moves import Moves
from engine.update.pins import locks_differ
from engine.update.record import PATH, Record, version_at

PLACE = Path("build/template-update")
RESTART = "pass --restart (make update RESTART=yes)"
LOCKS = (":(glob)**/requirements*.txt",)


@dataclass(frozen=True)
class Update:
    copy: Git
    template: Git
    name: str
    """Of the template: <owner>/<name> or an address of git."""
    lock: str
    tests: str

    @property
    def place(self) -> Path:
        return self.copy.folder / PLACE

    @property
    def work(self) -> Path:
        return self.place / "work"

    @property
    def waiting(self) -> Path:
        """In the git directory: `git clean` removes what lies beside the work tree, and not the work tree."""
        return Path(self.copy("rev-parse", "--absolute-git-dir")) / "template-update.json"

    def news(self, target: str, base: str) -> dict[str, str | bool]:
        """Whether the copy is up to date, and the changelog of the versions that it does not have."""
        base = self._base(target, base)
        text = self.template.text(target, "CHANGELOG.md")
        old, new = version_at(self.template, base), version_at(self.template, target)
        return {
            "template": self.name,
            "base": base,
            "up_to_date": self._has(base, target),
            "version": old,
            "newest": new,
            "branch": self._branch(base, target),
            "changes": changelog.news(text, old),
        }

    def run(self, target: str, base: str, restart: bool) -> int:
        if restart:
            self.waiting.unlink(missing_ok=True)
        if waiting := Waiting.read(self.waiting):
            return self._continue(waiting)
        base = self._base(target, base)
        if self._has(base, target):
            print(f"up to date: this copy has version {version_at(self.template, base)} ({base[:12]})")
            return 0
        branch = self._branch(base, target)
        if existing := self.copy.commit_of(f"refs/heads/{branch}"):
            return self._check_again(branch, existing, target)
        self._expect_a_committer()
        work = check_out(self.copy, self.work, "HEAD")
        merge(work, self.template, base, target)
        for note in resolve(work, self.template, base, target):
            print(note)
        if conflicts := sorted(unmerged(work)):
            Waiting(target, base, conflicts).write(self.waiting)
            return self._ask_to_resolve(conflicts)
        return self._finish(work, base, target)

    def _expect_a_committer(self) -> None:
        if not self.copy.succeeds("var", "GIT_COMMITTER_IDENT"):
            advice = "run git config user.name and git config user.email"
            raise SettingsError(f"expected a name and an email to commit with, found none; {advice}")

    def _base(self, target: str, base: str) -> str:
        if not self.copy.commit_of("HEAD"):
            raise SettingsError("expected a commit in this repository, found none; commit your files first")
        if not base:
            return find_base(self.copy, self.template, target, Record.at(self.copy, "HEAD").commit)
        if commit := self.template.commit_of(base):
            return commit
        raise SettingsError(f"--base: expected a commit of {self.name}, found {base}; see its history")

    def _has(self, base: str, target: str) -> bool:
        return self.template.succeeds("merge-base", "--is-ancestor", target, base)

    def _branch(self, base: str, target: str) -> str:
        """Named by the version; if that did not change, by the commit as well."""
        old, new = version_at(self.template, base), version_at(self.template, target)
        return f"template-update-{new}" + f"-{target[:7]}" * (old == new)

    def _check_again(self, branch: str, existing: str, target: str) -> int:
        if Record.at(self.copy, existing).commit != target:
            advice = f"delete it (git branch -D {branch}) or merge it, and run this again"
            raise SettingsError(f"expected no branch {branch} of an older update, found one; {advice}")
        print(f"the branch {branch} already has this update")
        return self._test(check_out(self.copy, self.work, existing), branch)

    def _continue(self, waiting: Waiting) -> int:
        if not self.template.commit_of(waiting.target):
            target = f"{waiting.target[:12]} in {self.name}, found no such commit"
            raise SettingsError(f"expected {target}; {RESTART}")
        if not self.work.is_dir():
            raise SettingsError(f"expected the work tree {PLACE}/work with conflicts, found none; {RESTART}")
        work = Git(self.work)
        if conflicts := unresolved(work, waiting.conflicts):
            return self._ask_to_resolve(conflicts)
        return self._finish(work, waiting.base, waiting.target)

    def _ask_to_resolve(self, conflicts: list[str]) -> int:
        print(f"{len(conflicts)} files changed both here and in the template; nothing is committed yet:")
        print("".join(f"  {path}\n" for path in conflicts))
        files = " ".join(map(shlex.quote, conflicts))
        print(f"Resolve them in {PLACE}/work, a work tree of its own, and run the same command again:")
        print(f"  cd {shlex.quote(str(self.work))}\n  git status   # then edit the files")
        print(f"  git add --all -- {files}\n  cd {shlex.quote(str(self.copy.folder))}")
        print(f"To start again without what you resolved, {RESTART}.")
        return 1

    def _finish(self, work: Git, base: str, target: str) -> int:
        old, new = version_at(self.template, base), version_at(self.template, target)
        theirs = self.template.files(target)
        Record(self.name, new, target).write(work.folder)
        pin_alike(work, self.template, base, target)
        rewritten = migrate(work, theirs, Moves.since(old, work.folder))
        for path in rewritten:
            print(f"rewritten, because what it names has moved: {path}")
        self._sort_imports(rewritten)
        work("add", "--update")
        work("add", "--", PATH)
        self._lock(work, theirs)
        branch = self._branch(base, target)
        if not work.succeeds("diff", "--cached", "--quiet"):
            message = f"Update the template from {old} to {new}" if old != new else "Update the template"
            body = f"Merges {base[:12]}..{target[:12]} of {self.name}."
            work("commit", "--quiet", "--no-verify", "--message", message, "--message", body)
        work("branch", "--", branch, "HEAD")
        self.waiting.unlink(missing_ok=True)
        return self._test(work, branch)

    def _sort_imports(self, paths: list[str]) -> None:
        """As the user's own ruff does, if it is installed: renamed imports have another order."""
        ruff = self.copy.folder / ".venv/bin/ruff"
        if files := [path for path in paths if path.endswith(".py") and ruff.exists()]:
            command = [str(ruff), "check", "--quiet", "--select", "I", "--fix", *files]
            if subprocess.run(command, cwd=self.work).returncode:
                print("ruff could not sort the imports of rewritten files; run it on the branch")

    def _lock(self, work: Git, theirs: dict[str, str]) -> None:
        """Lock again only where the user's own requirements are not the template's."""
        tree = work("write-tree")
        if not locks_differ(work.files(tree), theirs):
            return
        if not self.lock:
            print("requirements differ from the template's; on the branch, run: make lock")
            return
        if self._call(self.lock):
            raise WorldError(f"{self.lock}: expected success, found a failure; see above, or pass --no-lock")
        work("add", "--update")
        work("add", "--", *LOCKS)

    def _call(self, command: str) -> int:
        print(f"$ {command}", flush=True)
        return subprocess.run(shlex.split(command), cwd=self.work, env=environment()).returncode

    def _test(self, work: Git, branch: str) -> int:
        failed = bool(self.tests) and self._call(self.tests) != 0
        if failed:
            print(f"{self.tests}: failed. The update is on the branch {branch}; repair it there:")
            print(f"  git switch {branch}")
            return 1
        if remotes := self.copy("remote").splitlines():
            remote = "origin" if "origin" in remotes else remotes[0]
            print(f"The update is on the branch {branch}. Push it, and open a pull request:")
            print(f"  git push --set-upstream {remote} {branch}")
        else:
            print(f"The update is on the branch {branch}. This repository has no remote; merge it here:")
            print(f"  git merge {branch}")
        return 0

    def tidy(self) -> None:
        """Leave nothing behind, except a merge that waits for the user."""
        if not self.waiting.is_file():
            remove(self.copy, self.work)
            shutil.rmtree(self.place, ignore_errors=True)
