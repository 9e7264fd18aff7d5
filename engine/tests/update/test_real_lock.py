"""An update with the real make lock, which asks the package index, and with the real rules for locks."""

import shlex
import sys
from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.update.repositories import Copy, Repository
from engine.tests.workflows.act import cached

REQUIREMENTS = "components/load_data/requirements"
LOCKED = "-m pytest -q tests/test_rules.py -k locked -p no:cacheprovider"


@pytest.fixture
def template(fresh: Project, tmp_path: Path) -> Repository:
    """Two releases of this project: the next one has another version in pyproject.toml."""
    template = Repository(fresh.copied_to(tmp_path / "template").root)
    template.git("tag", "v1.0.0")
    template.edit("pyproject.toml", 'version = "1.0.0"', 'version = "1.1.0"')
    template.commit()
    template.git("tag", "v1.1.0")
    return template


@pytest.fixture
def copy(template: Repository, tmp_path: Path) -> Copy:
    """A copy whose user added a package to a component, and did not lock it."""
    copy = Copy(tmp_path / "copy", template)
    template.extract("v1.0.0", copy.root)
    copy.initialise()
    with (copy.root / f"{REQUIREMENTS}.in").open("a") as file:
        file.write("tabulate\n")
    copy.commit()
    return copy


def test_an_update_locks_the_users_requirements(copy: Copy, tmp_path: Path) -> None:
    environment = shlex.quote(cached(tmp_path)[".venv"])
    lock = f"ln -s {environment} .venv && make --old-file=.venv/installed-dev lock"

    done = copy.update(
        *("--lock", shlex.join(["sh", "-c", lock])),
        *("--tests", f"{sys.executable} {LOCKED}"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (branch,) = copy.branches
    changed = copy.git("diff", "--name-only", "master", branch).splitlines()
    assert changed == [".github/template.json", f"{REQUIREMENTS}.txt", "pyproject.toml"]
    assert "\ntabulate==" in copy.text(branch, f"{REQUIREMENTS}.txt")
