"""The commit that a change is judged against: where it left the default branch; never a guess."""

from dataclasses import dataclass
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.sources import git, in_git, merge_base, resolve_commit

CHOOSE = "or choose the commit yourself: make gate BASE=<commit>"


@dataclass(frozen=True)
class Base:
    commit: str
    reason: str
    """Why it is this commit, as the end of a sentence."""
    previous: str | None = None
    """The commit before it, which is the base if the work tree has nothing new."""


@dataclass(frozen=True)
class MainBranch:
    ref: str
    name: str
    remote: str | None = None

    def __str__(self) -> str:
        return f"{self.remote}/{self.name}" if self.remote else self.name


def find_base(root: Path, ref: str | None = None) -> Base:
    """The base of the work tree at `root`: where it left `ref`, or else the default branch."""
    if not in_git(root):
        raise SettingsError(f"{root}: expected a git checkout with the base of the change, found none")
    if _answer(root, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise SettingsError(f"{root}: expected a commit to judge the change against, found none; commit once")
    if ref:
        return Base(_fork_point(root, resolve_commit(root, ref), ref), f"where the work tree left {ref}")
    main = _main_branch(root)
    commit = _fork_point(root, main.ref, str(main))
    if main.remote:
        return Base(commit, f"where the work tree left {main}, the default branch of the remote")
    head, branch = resolve_commit(root, "HEAD"), _answer(root, "symbolic-ref", "--quiet", "HEAD")
    if commit != head or branch not in (main.ref, None):
        return Base(commit, f"where the work tree left {main}; there is no remote")
    previous = _answer(root, "rev-parse", "--verify", "--quiet", "HEAD~1")
    return Base(head, f"the newest commit of {main}; there is no remote", previous)


def subject(root: Path, commit: str) -> str:
    return git(root, "show", "--no-patch", "--format=%s", commit).decode(errors="replace").strip()


def _fork_point(root: Path, ref: str, name: str) -> str:
    if commit := merge_base(root, ref):
        return commit
    shallow = _answer(root, "rev-parse", "--is-shallow-repository") == "true"
    hint = "this clone is shallow; run git fetch --unshallow" if shallow else "their histories are unrelated"
    raise SettingsError(
        f"expected a commit that HEAD and {name} have in common, found none; {hint}, {CHOOSE}"
    )


def _main_branch(root: Path) -> MainBranch:
    remote = _remote(root)
    if remote is None:
        return _local_main(root)
    ref = _answer(root, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
    if ref and _has(root, ref):
        return MainBranch(ref, ref.removeprefix(f"refs/remotes/{remote}/"), remote)
    name = _default_branch_by_remote(root, remote) or _answer(root, "config", "init.defaultBranch")
    if not name:
        raise SettingsError(
            f"expected the default branch of the remote {remote}, found none: it does not answer;"
            f" run git remote set-head {remote} --auto, {CHOOSE}"
        )
    ref = f"refs/remotes/{remote}/{name}"
    if not _has(root, ref):
        unshallow = "--unshallow " if _answer(root, "rev-parse", "--is-shallow-repository") == "true" else ""
        raise SettingsError(
            f"expected the default branch {remote}/{name} in this clone, found none;"
            f" run git fetch {unshallow}{remote} +refs/heads/{name}:{ref}, {CHOOSE}"
        )
    return MainBranch(ref, name, remote)


def _remote(root: Path) -> str | None:
    """The remote that pull requests go to: checkout.defaultRemote, the only one, or origin."""
    remotes = git(root, "remote").decode().split()
    declared = _answer(root, "config", "checkout.defaultRemote")
    if declared in remotes:
        return declared
    if len(remotes) < 2:
        return remotes[0] if remotes else None
    if "origin" in remotes:
        return "origin"
    raise SettingsError(
        f"expected one remote, or one that is called origin, found {', '.join(remotes)};"
        f" run git config checkout.defaultRemote {remotes[0]}, {CHOOSE}"
    )


def _default_branch_by_remote(root: Path, remote: str) -> str | None:
    answer = _answer(root, "ls-remote", "--symref", remote, "HEAD")
    first = (answer or "").partition("\t")[0]
    return first.removeprefix("ref: refs/heads/") if first.startswith("ref: refs/heads/") else None


def _local_main(root: Path) -> MainBranch:
    """Without a remote: init.defaultBranch, else main or master if only one of them is there."""
    branches = git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").decode().split()
    declared = _answer(root, "config", "init.defaultBranch")
    usual = {"main", "master"} & {*branches}
    if declared in branches:
        name = declared
    elif len(usual) == 1:
        name = usual.pop()
    elif len(branches) == 1:
        name = branches[0]
    else:
        raise SettingsError(
            "expected a remote, or a branch main, to find where the work tree left it,"
            f" found the branches {', '.join(branches) or 'none'} and no remote;"
            f" run git config init.defaultBranch <branch>, {CHOOSE}"
        )
    return MainBranch(f"refs/heads/{name}", str(name))


def _has(root: Path, ref: str) -> bool:
    return _answer(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is not None


def _answer(root: Path, *arguments: str) -> str | None:
    """What git prints; None if it fails, as it does for what is not there."""
    try:
        return git(root, *arguments).decode().strip()
    except WorldError:
        return None
