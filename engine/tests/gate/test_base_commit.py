"""Tests of the commit that `make gate` judges against, in repositories as users have them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.gate.base_commit import find_base
from engine.tests.gate.repositories import clone, new, pushed, step
from engine.tests.project import Project

pytestmark = pytest.mark.usefixtures("own_git_settings")


def subject_of(project: Project, commit: str | None) -> str:
    return project.git("show", "--no-patch", "--format=%s", str(commit))


@pytest.mark.parametrize("main", ["main", "master", "trunk/stable"])
@pytest.mark.parametrize("remote", ["origin", "company"])
@pytest.mark.parametrize("known", ["by HEAD", "by asking"])
def test_base_is_where_the_branch_left_the_remotes_default_branch(
    tmp_path: Path, main: str, remote: str, known: str
) -> None:
    mine = clone(pushed(tmp_path, main), tmp_path / "mine", "--origin", remote)
    mine.git("switch", "--quiet", "change")
    if known == "by asking":
        mine.git("remote", "set-head", remote, "--delete")
    base = find_base(mine.root)
    assert (subject_of(mine, base.commit), base.previous) == ("Two", None)
    assert base.reason == f"where the work tree left {remote}/{main}, the default branch of the remote"


def test_base_of_a_remote_that_does_not_answer_is_gits_default_branch(tmp_path: Path) -> None:
    remote = pushed(tmp_path, "trunk")
    mine = clone(remote, tmp_path / "mine", "--branch", "change")
    mine.git("remote", "set-head", "origin", "--delete")
    shutil.rmtree(remote)
    with pytest.raises(SettingsError, match="does not answer; run git remote set-head origin --auto"):
        find_base(mine.root)
    mine.git("config", "init.defaultBranch", "trunk")
    assert subject_of(mine, find_base(mine.root).commit) == "Two"


@pytest.mark.parametrize(
    ("behind", "ahead", "expected"),
    [(0, 0, "Two"), (1, 0, "One"), (0, 2, "Two"), (1, 1, "One")],
)
def test_base_of_main_itself_is_what_the_remote_has(
    tmp_path: Path, behind: int, ahead: int, expected: str
) -> None:
    mine = clone(pushed(tmp_path), tmp_path / "mine")
    mine.git("reset", "--quiet", "--hard", f"HEAD~{behind}")
    for number in range(ahead):
        step(mine, f"Own {number}")
    assert subject_of(mine, find_base(mine.root).commit) == expected


def test_base_of_a_branch_is_not_moved_by_an_old_local_main(tmp_path: Path) -> None:
    mine = clone(pushed(tmp_path), tmp_path / "mine", "--branch", "change")
    mine.git("branch", "main", "HEAD~2")
    assert subject_of(mine, find_base(mine.root).commit) == "Two"


def test_base_among_several_remotes_is_origins_unless_another_is_declared(tmp_path: Path) -> None:
    fork = pushed(tmp_path)
    mine = clone(fork, tmp_path / "mine", "--branch", "change")
    step(mine, "Later")
    upstream = clone(mine.root, tmp_path / "upstream.git", "--bare").root
    mine.git("remote", "add", "upstream", upstream.as_uri())
    mine.git("fetch", "--quiet", "upstream")
    assert "left origin/main" in find_base(mine.root).reason
    mine.git("config", "checkout.defaultRemote", "upstream")
    assert "left upstream/change" in find_base(mine.root).reason
    mine.git("config", "--unset", "checkout.defaultRemote")
    mine.git("remote", "rename", "origin", "fork")
    with pytest.raises(SettingsError, match=r"found fork, upstream; run git config checkout\.defaultRemote"):
        find_base(mine.root)


def shallow_branch(tmp_path: Path) -> Project:
    return clone(pushed(tmp_path), tmp_path / "mine", "--depth", "1", "--branch", "change")


def shallow_with_main(tmp_path: Path) -> Project:
    mine = shallow_branch(tmp_path)
    mine.git("fetch", "--quiet", "--depth", "1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    return mine


def as_checkout_leaves_it(tmp_path: Path) -> Project:
    """What actions/checkout makes for a pull request: one commit, detached, of refs/pull/7/merge."""
    remote = Project(pushed(tmp_path))
    remote.git("update-ref", "refs/pull/7/merge", "change")
    (tmp_path / "mine").mkdir()
    mine = Project(tmp_path / "mine")
    mine.git("init", "--quiet", "--initial-branch", "main")
    mine.git("remote", "add", "origin", remote.root.as_uri())
    mine.git("fetch", "--quiet", "--depth", "1", "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge")
    mine.git("checkout", "--quiet", "--force", "refs/remotes/pull/7/merge")
    return mine


FETCH = r"git fetch --unshallow origin \+refs/heads/main:refs/remotes/origin/main"


@pytest.mark.parametrize(
    ("layout", "hint"),
    [
        (shallow_branch, FETCH),
        (shallow_with_main, "git fetch --unshallow"),
        (as_checkout_leaves_it, FETCH),
    ],
)
def test_clone_without_the_base_is_refused_until_it_is_fetched(
    tmp_path: Path, layout: Callable[[Path], Project], hint: str
) -> None:
    mine = layout(tmp_path)
    with pytest.raises(SettingsError, match=hint) as refused:
        find_base(mine.root)
    assert "\n" not in str(refused.value)
    command = re.search(r"run git (.*?), or", str(refused.value))
    assert command
    mine.git(*command[1].split())
    assert subject_of(mine, find_base(mine.root).commit) == "Two"


def test_named_base_without_common_history_is_refused(tmp_path: Path) -> None:
    mine = new(tmp_path / "mine")
    mine.git("switch", "--quiet", "--orphan", "other")
    step(mine, "Other")
    with pytest.raises(SettingsError, match="that HEAD and main have in common, found none; their histories"):
        find_base(mine.root, "main")


def no_git(project: Project) -> None:
    shutil.rmtree(project.root / ".git")


def no_commit(project: Project) -> None:
    no_git(project)
    project.git("init", "--quiet")


def no_main(project: Project) -> None:
    project.git("branch", "--move", "main", "one")
    project.git("branch", "two")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (no_git, "expected a git checkout"),
        (no_commit, "expected a commit to judge the change against"),
        (no_main, "expected a remote, or a branch main, .* found the branches one, two"),
    ],
)
def test_repository_that_cannot_name_a_base_is_refused(
    tmp_path: Path, made: Callable[[Project], None], message: str
) -> None:
    mine = new(tmp_path / "mine")
    made(mine)
    with pytest.raises(SettingsError, match=message):
        find_base(mine.root)


@pytest.mark.parametrize("main", ["main", "master", "trunk"])
def test_base_without_a_remote_is_where_the_branch_left_main(tmp_path: Path, main: str) -> None:
    mine = new(tmp_path / "mine", main)
    mine.git("config", "init.defaultBranch", main)
    mine.git("switch", "--quiet", "--create", "change")
    step(mine, "Change")
    base = find_base(mine.root)
    assert (subject_of(mine, base.commit), base.previous) == ("Two", None)


def test_base_of_a_detached_change_without_a_remote_is_where_it_left_main(tmp_path: Path) -> None:
    mine = new(tmp_path / "mine")
    mine.git("checkout", "--quiet", "--detach")
    step(mine, "Change")
    step(mine, "More")
    base = find_base(mine.root)
    assert (subject_of(mine, base.commit), base.previous) == ("Two", None)


@pytest.mark.parametrize("detached", [False, True])
def test_base_of_main_without_a_remote_is_head_or_the_commit_before(tmp_path: Path, detached: bool) -> None:
    mine = new(tmp_path / "mine")
    if detached:
        mine.git("checkout", "--quiet", "--detach")
    base = find_base(mine.root)
    assert (subject_of(mine, base.commit), subject_of(mine, base.previous)) == ("Two", "One")
