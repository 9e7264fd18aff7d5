"""An update of a copy: one commit on a branch, in which the user's own code still passes its tests."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.update.repositories import (
    NEW_BASE,
    NEW_PIN,
    RELEASED,
    SCRIPT,
    USERS_PIN,
    Copy,
    Repository,
    environment,
    locked,
)


def updated(copy: Copy, *words: str, version: str = "2.0.0") -> str:
    """The branch of an update that must succeed."""
    done = copy.update(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"The update is on the branch template-update-{version}." in done.stdout
    return f"template-update-{version}"


def test_update_rewrites_the_users_code_and_leaves_one_commit_on_a_branch(
    copy: Copy, template: Repository
) -> None:
    before = copy.state()

    branch = updated(copy)

    assert copy.state() == before
    assert copy.git("rev-parse", f"{branch}^@") == copy.git("rev-parse", "master")
    target = template.git("rev-parse", "v2.0.0")
    assert copy.record(branch) == {"template": str(template.root), "version": "2.0.0", "commit": target}
    assert "from engine.tables import columns\nfrom engine import tables as own" in copy.text(
        branch, "components/check_rows/main.py"
    )
    assert copy.text(branch, "components/check_rows/Dockerfile").startswith(
        f"FROM {NEW_BASE}\nCOPY engine/tables engine/tables\nCOPY engine/tables/columns.py engine/tables/\n"
    )
    assert copy.text(branch, "scripts/show_days.py").startswith(
        "from scripts.lib import days\nfrom engine.settings import settings\n"
    )
    assert copy.text(branch, "mlops.yaml") == "model: patients\nwindow: 30\nseed: 1"
    assert NEW_PIN in copy.text(branch, ".github/workflows/own.yml")


def test_update_leaves_nothing_else_in_the_repository(copy: Copy) -> None:
    updated(copy)

    assert not (copy.root / "build/template-update").exists()
    assert copy.git("worktree", "list", "--porcelain").count("worktree ") == 1
    refs = copy.git("for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/master", "refs/heads/template-update-2.0.0"]


def test_update_runs_from_standard_input_and_from_the_copys_own_script(
    copy: Copy, template: Repository
) -> None:
    piped = copy.command("--to", "v1.1.0")
    piped[1] = "-"
    options = copy.options() | {"stdin": None, "input": template.text("v1.1.0", "scripts/update.py")}
    done = subprocess.run(piped, **{name: value for name, value in options.items() if name != "stdin"})
    assert done.returncode == 0, done.stderr
    copy.git("merge", "--quiet", "--squash", "template-update-1.1.0")
    copy.commit()

    own = subprocess.run(
        [sys.executable, "scripts/update.py", "--no-lock", "--no-tests"], **copy.options()
    )  # the record names the template now

    assert own.returncode == 0, own.stderr
    assert copy.record("template-update-2.0.0")["version"] == "2.0.0"


@pytest.mark.parametrize("way", ["squash", "rebase", "merge"])
def test_the_next_update_works_after_any_way_to_merge(copy: Copy, way: str) -> None:
    branch = updated(copy, "--to", "v1.1.0", version="1.1.0")
    copy.write({"own.md": "Meanwhile, on master.\n"})
    copy.commit()
    if way == "rebase":
        copy.git("rebase", "--quiet", "master", branch)
        copy.git("switch", "--quiet", "master")
        copy.git("merge", "--quiet", "--ff-only", branch)
    elif way == "merge":
        copy.git("merge", "--quiet", "--no-ff", branch)
    else:
        copy.git("merge", "--quiet", "--squash", branch)
        copy.commit()
    copy.git("branch", "-D", branch)

    updated(copy)

    assert copy.git("diff", "--name-only", "master", "template-update-2.0.0", "--", "own.md") == ""


def test_a_second_run_says_up_to_date(copy: Copy) -> None:
    branch = updated(copy)
    again = copy.update()
    assert (again.returncode, copy.branches) == (0, [branch])
    assert "already has this update" in again.stdout

    copy.git("merge", "--quiet", "--squash", branch)
    copy.commit()
    done = copy.update()

    assert done.returncode == 0
    assert done.stdout.startswith("up to date: this copy has version 2.0.0")


def test_a_copy_of_the_newest_commit_is_up_to_date(press_button: Callable[..., Copy]) -> None:
    done = press_button("v2.0.0").update()
    assert (done.returncode, done.stdout[:10]) == (0, "up to date")


def test_the_template_itself_is_up_to_date(template: Repository, tmp_path: Path) -> None:
    template.git("clone", "--quiet", template.root, tmp_path / "clone")
    done = Copy(tmp_path / "clone", template).update()
    assert (done.returncode, done.stdout[:10]) == (0, "up to date")


def test_a_history_that_started_again_is_updated(copy: Copy) -> None:
    shutil.rmtree(copy.root / ".git")
    copy.initialise()
    updated(copy)


def test_a_clone_of_depth_1_is_updated(copy: Copy, tmp_path: Path) -> None:
    address = (
        copy.root.as_uri()
        .replace("%20", " ")
        .replace("%C3%A9", "é")
        .replace("%C3%B4", "ô")
        .replace("%C3%A0", "à")
    )
    copy.git("clone", "--quiet", "--depth", "1", address, tmp_path / "shallow")
    shallow = Copy(tmp_path / "shallow", copy.template)
    assert shallow.git("rev-parse", "--is-shallow-repository") == "true"
    updated(shallow)


def test_a_template_without_tags_or_with_a_new_history_is_followed(copy: Copy, tmp_path: Path) -> None:
    branch = updated(copy, "--to", "v1.1.0", version="1.1.0")
    copy.git("merge", "--quiet", "--squash", branch)
    copy.commit()
    other = Copy(tmp_path / "other", copy.template)
    copy.template.git("clone", "--quiet", copy.template.root, other.root)
    other.git("tag", "--delete", "v1.0.0", "v1.1.0", "v2.0.0")
    other.git("checkout", "--quiet", "--orphan", "new", "HEAD~1")
    other.commit("Version 1.1.0 in a new history")
    other.git("checkout", "--quiet", "master", "--", ".")
    other.commit("Version 2.0.0 in a new history")
    other.git("branch", "-M", "new", "master")

    updated(copy, "--template", str(other.root))


def test_line_ends_of_the_work_tree_do_not_matter(copy: Copy) -> None:
    copy.git("config", "core.autocrlf", "true")
    copy.git("rm", "--quiet", "-r", "--cached", ".")
    copy.git("reset", "--quiet", "--hard")
    assert b"\r\n" in (copy.root / "scripts/show_days.py").read_bytes()

    branch = updated(copy)

    assert "\r" not in copy.git("diff", "master", branch)
    assert copy.text(branch, "scripts/show_days.py").startswith("from scripts.lib import days\n")


def test_uncommitted_changes_stay_and_are_not_in_the_update(copy: Copy) -> None:
    copy.write({"pipelines/nightly.py": "CHECKED = 'later'\n", "new.txt": "not added\n"})
    before = copy.state()

    branch = updated(copy)

    assert copy.state() == before
    assert "later" not in copy.text(branch, "pipelines/nightly.py")


def test_the_newer_of_two_pins_is_taken_everywhere(copy: Copy) -> None:
    pin = "actions/checkout@"
    old = copy.text("master", ".github/workflows/pr.yml").partition(pin)[2].partition("\n")[0]
    copy.edit(".github/workflows/pr.yml", old, USERS_PIN)
    copy.commit()

    branch = updated(copy)

    assert USERS_PIN in copy.text(branch, ".github/workflows/pr.yml")
    assert USERS_PIN in copy.text(branch, ".github/workflows/own.yml")


def test_locks_get_the_newer_versions_and_are_locked_again(copy: Copy) -> None:
    copy.write({"requirements.txt": locked(numpy="2.0", own="1.0", pandas="3.0", scipy="1.0")})
    copy.commit()

    branch = updated(copy)

    newest = locked(numpy="2.1", own="1.0", pandas="3.0", scipy="1.0")
    assert copy.text(branch, "requirements.txt") == f"{newest}# locked again"
    assert copy.text(branch, "components/load_data/requirements.txt") == locked(numpy="2.1").strip()


def test_locks_of_the_template_are_taken_as_they_are(copy: Copy) -> None:
    branch = updated(copy)
    assert "locked again" not in copy.text(branch, "requirements.txt")


def test_a_file_that_the_user_deleted_stays_deleted(copy: Copy) -> None:
    copy.git("rm", "--quiet", "docs/page.md")
    copy.commit()

    done = copy.update()

    assert done.returncode == 0, done.stderr
    assert "docs/page.md: deleted in this copy" in done.stdout
    assert "docs/page.md" not in copy.git("ls-tree", "-r", "--name-only", "template-update-2.0.0")


def test_the_record_of_released_files_is_the_templates(copy: Copy) -> None:
    copy.write({RELEASED: "00  scripts/train.py\n"})
    copy.commit()

    done = copy.update()

    assert done.returncode == 0, done.stderr
    assert f"{RELEASED}: the template's; on the branch, run make record" in done.stdout
    assert copy.text("template-update-2.0.0", RELEASED) == "11  scripts/update.py"


def test_tests_that_fail_leave_the_branch_and_exit_1(copy: Copy) -> None:
    done = copy.update("--tests", f"{sys.executable} -c raise(SystemExit(5))")
    assert done.returncode == 1
    assert "failed. The update is on the branch template-update-2.0.0" in done.stdout
    assert copy.branches == ["template-update-2.0.0"]


def test_a_lock_that_fails_exits_3_and_leaves_no_branch(copy: Copy) -> None:
    copy.write({"components/check_rows/requirements.in": "nothing-of-that-name\n"})
    copy.commit()

    done = copy.update("--lock", "false")

    assert (done.returncode, copy.branches) == (3, [])
    assert done.stderr.startswith("error: false: expected success")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--to", "v9"), 2, "v9"),
        (("--to", "v1.0.0"), 2, "expected engine/update/ in the template, found none"),
        (("--base", "nothing"), 2, "--base: expected a commit"),
        (("--template", "/nowhere/at/all"), 3, "/nowhere/at/all"),
        (
            ("--template", ""),
            2,
            "found none; pass what GitHub shows after 'generated from'",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_status(
    copy: Copy, words: tuple[str, ...], status: int, said: str
) -> None:
    before = copy.state()
    done = copy.update(*words)
    assert (done.returncode, copy.state()) == (status, before)
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "not a git repository" in done.stderr
