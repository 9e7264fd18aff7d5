"""The environment of what judges: made of its locks, with no cache that others can write."""

import shutil
import subprocess
from pathlib import Path

import pytest

from engine.tests.project import ROOT, Project

UV = (ROOT / "requirements.txt").read_text().partition("\nuv==")[2].partition("\n    # via")[0]


@pytest.fixture
def checkout(tmp_path: Path) -> Project:
    for path in ("engine/command_line", "engine/github/step.py", "scripts/ci/install_environment.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, tmp_path / path)
    return Project(tmp_path)


def test_exactly_what_is_locked_is_installed(checkout: Project) -> None:
    (checkout.root / "requirements.txt").write_text(f"uv=={UV}\n")
    done = checkout.run("install_environment")
    assert done.returncode == 0, done.stderr
    command = [
        checkout.root / ".venv/bin/uv",
        "pip",
        "list",
        "--format=freeze",
        "--python",
        ".venv/bin/python",
    ]
    listed = subprocess.run(command, cwd=checkout.root, capture_output=True, text=True, check=True).stdout
    names = {line.partition("==")[0] for line in listed.split()}
    assert f"uv=={UV.split()[0]}" in listed and names - {"pip", "setuptools"} == {"uv"}
    assert (checkout.root / ".venv/installed").is_file()


@pytest.mark.parametrize(
    ("lock", "status"),
    [("pandas==2.2.3\n", 2), (f"uv=={UV}\n".replace("sha256:", "sha256:00").replace("00", "0", 1), 3)],
)
def test_a_lock_that_is_not_whole_installs_nothing(checkout: Project, lock: str, status: int) -> None:
    (checkout.root / "requirements.txt").write_text(lock)
    assert checkout.run("install_environment").returncode == status
    assert not (checkout.root / ".venv/installed").exists()
