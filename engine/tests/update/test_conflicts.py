"""Conflicts and interruptions: nothing of the user's is touched, nothing that was resolved is lost."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine.tests.update.repositories import Copy

WORK = "build/template-update/work"
PAGE = "docs/page.md"


@pytest.fixture
def conflicting(copy: Copy) -> Copy:
    """A user who changed the line that the template changed too."""
    copy.edit(PAGE, "Another line.", "Another line, the user's.")
    copy.commit()
    return copy


def test_a_conflict_is_left_in_a_work_tree_of_its_own(conflicting: Copy) -> None:
    before = conflicting.state()

    done = conflicting.update()

    assert (done.returncode, conflicting.branches, conflicting.state()) == (1, [], before)
    assert (
        f"1 files changed both here and in the template; nothing is committed yet:\n  {PAGE}\n" in done.stdout
    )
    assert f"git add --all -- {PAGE}" in done.stdout
    assert "<<<<<<<" in (conflicting.root / WORK / PAGE).read_text()


def test_the_update_goes_on_once_conflicts_are_resolved(conflicting: Copy) -> None:
    conflicting.update()
    work = Copy(conflicting.root / WORK, conflicting.template)
    unresolved = conflicting.update()
    assert (unresolved.returncode, PAGE in unresolved.stdout) == (1, True)
    work.git("add", PAGE)
    with_markers = conflicting.update()
    assert (with_markers.returncode, conflicting.branches) == (1, [])
    work.write({PAGE: "One line.\nBoth lines.\nA third line.\n"})
    work.git("add", PAGE)

    done = conflicting.update()

    assert done.returncode == 0, done.stdout + done.stderr
    assert conflicting.text("template-update-2.0.0", PAGE) == "One line.\nBoth lines.\nA third line."
    assert not (conflicting.root / "build/template-update").exists()


def test_restart_discards_what_was_resolved(conflicting: Copy) -> None:
    conflicting.update()
    Copy(conflicting.root / WORK, conflicting.template).write({PAGE: "Resolved.\n"})

    done = conflicting.update("--restart")

    assert done.returncode == 1
    assert "<<<<<<<" in (conflicting.root / WORK / PAGE).read_text()


def test_git_clean_does_not_lose_what_was_resolved(conflicting: Copy) -> None:
    conflicting.update()
    work = Copy(conflicting.root / WORK, conflicting.template)
    work.write({PAGE: "Resolved.\n"})
    work.git("add", PAGE)
    conflicting.git("clean", "--quiet", "-fdx")

    done = conflicting.update()

    assert done.returncode == 0, done.stdout + done.stderr
    assert conflicting.text("template-update-2.0.0", PAGE) == "Resolved."
    assert not list((conflicting.root / ".git").glob("template-update.json*"))


def test_a_work_tree_that_was_removed_is_named(conflicting: Copy) -> None:
    conflicting.update()
    shutil.rmtree(conflicting.root / WORK)

    done = conflicting.update()

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"expected the work tree {WORK} with conflicts, found none; pass --restart" in done.stderr
    assert conflicting.update("--restart").returncode == 1


HANGING = """#!/bin/sh
for word; do
  if [ "$word" = {word} ] && [ ! -e {mark} ]; then touch {mark}; exec sleep 60; fi
done
exec {git} "$@"
"""


def hanging_update(copy: Copy, folder: Path, word: str) -> subprocess.Popen[str]:
    """An update that has reached its first call of git with this word, and stays there for a minute."""
    mark, tools = folder / "reached", folder / "tools"
    tools.mkdir()
    (tools / "git").write_text(HANGING.format(word=word, mark=mark, git=shutil.which("git")))
    (tools / "git").chmod(0o755)
    options = {name: value for name, value in copy.options(tools).items() if name != "capture_output"}
    output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
    process = subprocess.Popen(copy.command(), **options, **output)
    while not mark.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        *((word, signal.SIGKILL) for word in ("clone", "worktree", "cherry-pick", "add", "commit", "branch")),
        *((word, signal.SIGINT) for word in ("clone", "cherry-pick")),
    ],
)
def test_an_interrupted_update_is_run_again(copy: Copy, tmp_path: Path, word: str, ending: int) -> None:
    before = copy.state()
    process = hanging_update(copy, tmp_path, word)
    os.killpg(process.pid, ending)
    _, said = process.communicate(timeout=20)
    assert process.returncode != 0
    assert copy.state() == before
    if ending == signal.SIGINT:
        assert said == "interrupted; nothing is lost, run the update again\n"

    done = copy.update()

    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.branches == ["template-update-2.0.0"]


@pytest.mark.parametrize("word", ["clone", "cherry-pick"])
def test_a_second_update_at_once_is_refused(copy: Copy, tmp_path: Path, word: str) -> None:
    running = hanging_update(copy, tmp_path, word)
    place = copy.root / "build/template-update"
    before = sorted(place.iterdir())
    copy.git("worktree", "add", "--quiet", "--detach", tmp_path / "linked")
    try:
        for second in (copy, Copy(tmp_path / "linked", copy.template)):
            done = second.update()
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr == f"error: another update is running (pid {running.pid}); wait for it\n"
        assert sorted(place.iterdir()) == before
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=20)


def test_a_branch_of_an_older_update_is_not_overwritten(copy: Copy) -> None:
    copy.git("branch", "template-update-2.0.0")
    done = copy.update()
    assert done.returncode == 2
    assert "git branch -D template-update-2.0.0" in done.stderr
