"""Updates of repositories in an unusual state: nothing of the user's is lost, and refusals say what to do."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from engine.tests.update.repositories import Copy, Repository
from engine.update.git import Git

BRANCH = "template-update-2.0.0"


@pytest.mark.parametrize(
    ("remotes", "command"),
    [
        ([], "git merge"),
        (["upstream"], "git push --set-upstream upstream"),
        (["mine", "origin"], "git push --set-upstream origin"),
    ],
)
def test_the_next_command_fits_the_remotes(copy: Copy, remotes: list[str], command: str) -> None:
    for remote in remotes:
        copy.git("remote", "add", remote, "https://example.com/you/flights.git")
    assert f"  {command} {BRANCH}\n" in copy.update().stdout


def test_a_detached_head_is_updated_and_stays(copy: Copy) -> None:
    copy.git("checkout", "--quiet", "--detach")
    assert copy.update().returncode == 0
    assert copy.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    assert copy.git("rev-parse", f"{BRANCH}^") == copy.git("rev-parse", "HEAD")


@pytest.mark.parametrize("new", ["NAMES = ['day', 'hour']\n", "COLUMNS = 3\nNAMES = ['nothing', 'alike']\n"])
def test_a_file_that_the_user_edited_and_the_template_moved_keeps_the_edit(copy: Copy, new: str) -> None:
    copy.write({"components/shared/columns.py": new})
    copy.commit()
    assert copy.update().returncode == 0
    assert copy.text(BRANCH, "engine/tables/columns.py") == new.strip()


def test_untracked_files_in_the_way_of_an_update_stay(copy: Copy) -> None:
    copy.write({"engine/tables/columns.py": "not added\n"})
    assert copy.update().returncode == 0
    assert (copy.root / "engine/tables/columns.py").read_text() == "not added\n"


def test_a_repository_without_a_commit_is_refused(template: Repository, tmp_path: Path) -> None:
    copy = Copy(tmp_path, template)
    copy.git("init", "--quiet")
    done = copy.update()
    assert (done.returncode, done.stderr) == (
        2,
        "error: expected a commit in this repository, found none; commit your files first\n",
    )


def test_a_committer_without_a_name_is_refused_before_the_merge(copy: Copy, tmp_path: Path) -> None:
    options = copy.options()
    named = {name: value for name, value in options["env"].items() if not name.startswith("GIT_COMMITTER_")}
    options["env"] = named | {"GIT_COMMITTER_NAME": "", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
    copy.git("config", "user.useConfigOnly", "true")
    done = subprocess.run(copy.command(), **options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a name and an email to commit with, found none" in done.stderr


def test_an_update_ignores_the_repository_that_a_hook_names(
    copy: Copy, template: Repository, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other")
    template.git("clone", "--quiet", "--no-tags", template.root, other.root)
    named = {"GIT_DIR": str(other.root / ".git"), "GIT_WORK_TREE": str(other.root), "GIT_PREFIX": "docs/"}
    before = other.git("for-each-ref")
    options = copy.options()

    done = subprocess.run(copy.command(), **options | {"env": options["env"] | named})

    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.branches == [BRANCH]
    assert other.git("for-each-ref") == before


def test_git_works_in_its_folder_whatever_repository_a_hook_names(
    copy: Copy, template: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = copy.git("rev-parse", "HEAD")
    for name, path in (("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")):
        monkeypatch.setenv(name, str(template.root / path))
    git = Git(copy.root)
    assert git("rev-parse", "HEAD") == head
    assert git("status", "--short") == ""


def test_tests_of_an_update_do_not_inherit_the_settings_of_make(copy: Copy) -> None:
    made = {"MAKEFLAGS": "n", "MAKELEVEL": "1", "MAKEOVERRIDES": "TO=v1.1.0", "MFLAGS": "-n"}
    code = f"import os; raise SystemExit(' '.join({set(made)} & set(os.environ)) or 0)"
    command = copy.command(tests=shlex.join([sys.executable, "-c", code]))
    options = copy.options()

    done = subprocess.run(command, **options | {"env": options["env"] | made})

    assert (done.returncode, done.stderr) == (0, "")
