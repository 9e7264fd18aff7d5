"""Each task in the environment that its image would have."""

import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest

from local_kfp.command_line import WorldError
from local_kfp.runner.environments import interpreter_for, pins
from local_kfp.runner.subprocess_tasks import SubprocessTasks
from local_kfp.tests.runs import stage

# A wheel without dependencies of its own: another version than any that is installed here.
OTHER_TOMLI = """\
tomli==2.0.1 \\
    --hash=sha256:939de3e7a6161af0c887ef91b7d41a53e7c5a1ca976325f429cb46ea9bc30ecc
"""


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    return tmp_path / "requirements.txt"


def test_interpreter_for_returns_this_python_if_it_has_every_pin(locked: Path, tmp_path: Path) -> None:
    locked.write_text(
        f"# made by uv\npandas=={version('pandas')} \\\n    --hash=sha256:00\n    # via here\n"
        f"NumPy=={version('numpy')}\ncolorama==0.1 ; sys_platform == 'win32'\n"
    )

    assert interpreter_for(locked, tmp_path / "environments") == Path(sys.executable)
    assert not (tmp_path / "environments").exists()
    assert pins(locked) == {"pandas": version("pandas"), "NumPy": version("numpy")}


def test_interpreter_for_makes_an_environment_once_for_two_tasks(locked: Path, tmp_path: Path) -> None:
    locked.write_text(OTHER_TOMLI)
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(interpreter_for(locked, tmp_path / "environments")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found[0] == found[1] != Path(sys.executable)
    assert sorted(path.suffix for path in (tmp_path / "environments").iterdir()) == ["", ".lock"]
    command = [str(found[0]), "-c", "import importlib.metadata as m; print(m.version('tomli'))"]
    assert subprocess.check_output(command, text=True) == "2.0.1\n"


def test_interpreter_for_ignores_an_unfinished_environment(locked: Path, tmp_path: Path) -> None:
    locked.write_text(OTHER_TOMLI)
    python = interpreter_for(locked, tmp_path / "first")
    unfinished = tmp_path / "second" / f"{python.parents[1].name}.tmp"
    (unfinished / "bin").mkdir(parents=True)

    assert interpreter_for(locked, tmp_path / "second").is_file()
    assert not unfinished.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tomli==2.0.1\n", "--require-hashes"),
        ("tomli==2.0.1 --hash=sha256:" + "0" * 64 + "\n", "Hash mismatch"),
    ],
)
def test_interpreter_for_reports_a_failed_installation_in_one_line(
    locked: Path, tmp_path: Path, text: str, reason: str
) -> None:
    locked.write_text(text)
    with pytest.raises(WorldError, match=f"^cannot make the environment of {locked}: .*{reason}") as caught:
        interpreter_for(locked, tmp_path / "environments")
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "environments").iterdir() if path.suffix == ""]


def test_task_runs_with_the_locked_scikit_learn(tmp_path: Path) -> None:
    """One with compiled parts, a dozen megabytes of them, as a champion of last year would need it."""
    old = "train-0123456789abcdef"
    pinned = _lock("scikit-learn==1.7.2", tmp_path)
    stage(tmp_path / "images", old, "import sklearn.linear_model; print(sklearn.__version__)", pinned)
    log = tmp_path / "log"

    command = ["python", "-m", "components.train.main"]
    status = SubprocessTasks(tmp_path / "images").run(f"localhost/mlops:{old}", command, {}, log)

    assert (status, log.read_text()) == (0, "1.7.2\n")
    assert version("scikit-learn") != "1.7.2"


def _lock(requirement: str, folder: Path) -> str:
    from uv import find_uv_bin

    (folder / "requirements.in").write_text(requirement)
    command = [find_uv_bin(), "pip", "compile", "-q", "--generate-hashes", str(folder / "requirements.in")]
    return subprocess.check_output([*command, "--python", sys.executable], text=True)
