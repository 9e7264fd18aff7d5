"""A task forked from a warm Python is the process that a fresh one would be, only sooner."""

import signal
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from local_kfp.runner.subprocess_tasks import SubprocessTasks, slow_modules
from local_kfp.tests.runs import stage

TAG = "train-0123456789abcdef"
TRAIN = """
import sys
was_warm = "sklearn.ensemble" in sys.modules

def train(path):
    import joblib
    import numpy
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    x = numpy.random.RandomState(1).rand(2_000, 8)
    y = x.sum(axis=1) + x[:, 0] > 4
    trees = HistGradientBoostingClassifier(max_iter=5, random_state=1)  # OpenMP
    joblib.dump([each.fit(x, y) for each in (trees, LogisticRegression())], path)  # and OpenBLAS

def look(path):
    import numpy
    with open(path, "w") as file:
        print(was_warm, numpy.random.rand(), sys.argv[1:], sys.path[0], hash("x"), file=file)

def crash(path):
    import os
    os.kill(os.getpid(), 11)

def mistake(path):
    raise KeyError("what is missing")

def lose_its_keeper(path):
    import os
    import time
    time.sleep(0.5)  # until it is known to have begun: else it runs again as a child of these tests
    os.kill(os.getppid(), 9)

def forget_to_close(path):
    global left_open
    left_open = open(path, "w")
    left_open.write("all of it")

def leave(path):
    sys.exit("said on the way out")

if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
"""

Runner = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SubprocessTasks]:
    """Tasks of one image that pins scikit-learn as it is installed, with that imported."""
    store = tmp_path_factory.mktemp("warm") / "images"
    stage(store, TAG, TRAIN, f"scikit-learn=={version('scikit-learn')} \\\n    --hash=sha256:00\n")
    tasks = SubprocessTasks(store)
    tasks.warm_up(f"image: localhost/mlops:{TAG}")
    assert tasks.run(f"localhost/mlops:{TAG}", ["python", "-m", "components.train.main"], {}, store / "log")
    yield tasks
    tasks.stop()


@pytest.fixture
def run(tasks: SubprocessTasks, tmp_path: Path) -> Runner:
    """Exit status and log of one function of the image, forked, or fresh as tasks with variables are."""

    def run_one(function: str, output: Path, fresh: bool = False) -> tuple[int, str]:
        log = tmp_path / f"{output.name}.log"
        command = ["python", "-m", "components.train.main", function, str(output)]
        status = tasks.run(f"localhost/mlops:{TAG}", command, {"ANY": "thing"} if fresh else {}, log)
        return status, log.read_text()

    return run_one


def test_forked_task_trains_the_same_bytes_as_a_fresh_process(run: Runner, tmp_path: Path) -> None:
    forked, again, fresh = (tmp_path / name for name in ("forked", "again", "fresh"))
    assert [run("train", forked)[0], run("train", again)[0], run("train", fresh, fresh=True)[0]] == [0, 0, 0]
    assert forked.read_bytes() == again.read_bytes() == fresh.read_bytes()


def test_forked_task_has_the_same_environment_as_a_fresh_process(run: Runner, tmp_path: Path) -> None:
    seen = []
    for name, fresh in (("forked", False), ("again", False), ("fresh", True)):
        run("look", tmp_path / name, fresh=fresh)
        warm, drawn, *rest = (tmp_path / name).read_text().replace(f"/{name}'", "/name'").split()
        seen.append((warm, drawn, rest))

    assert [warm for warm, _, _ in seen] == ["True", "True", "False"]
    assert len({drawn for _, drawn, _ in seen}) == 3  # unseeded randomness is each one's own
    assert seen[0][2] == seen[1][2] == seen[2][2]


@pytest.mark.parametrize(("function", "status"), [("crash", 139), ("mistake", 1), ("leave", 1), ("look", 0)])
def test_forked_task_ends_as_a_fresh_process_does(
    run: Runner, tmp_path: Path, function: str, status: int
) -> None:
    forked, fresh = run(function, tmp_path / "forked"), run(function, tmp_path / "fresh", fresh=True)

    assert forked[0] == fresh[0] == status
    own = [line for line in fresh[1].splitlines() if "frozen runpy" not in line]
    assert forked[1].splitlines() == own


def test_files_that_a_forked_task_left_open_are_written(run: Runner, tmp_path: Path) -> None:
    assert run("forget_to_close", tmp_path / "any")[0] == 0
    assert (tmp_path / "any").read_text() == "all of it"


def test_forked_task_without_exit_status_has_failed(run: Runner, tmp_path: Path) -> None:
    assert run("lose_its_keeper", tmp_path / "any")[0] == 128 + signal.SIGKILL


def test_forked_task_has_little_overhead(run: Runner, tmp_path: Path) -> None:
    def seconds() -> float:
        start = time.monotonic()
        run("look", tmp_path / "any")
        return time.monotonic() - start

    assert min(seconds() for _ in range(3)) < 0.2 + 0.2  # at most 0.2 s, and as much for a busy machine


def test_task_starts_fresh_without_warm_server(tmp_path: Path) -> None:
    stage(tmp_path, TAG, "print('here')", f"pandas=={version('pandas')}\n")
    tasks = SubprocessTasks(tmp_path)
    tasks.warm_up(TAG)
    tasks.stop()

    assert tasks.run(f"any:{TAG}", ["python", "-m", "components.train.main"], {}, tmp_path / "log") == 0
    assert (tmp_path / "log").read_text() == "here\n"


def test_slow_modules_are_those_that_images_of_the_run_need(tmp_path: Path) -> None:
    here = f"scikit-learn=={version('scikit-learn')}\npandas=={version('pandas')}\n"
    stage(tmp_path, "train-0123456789abcdef", requirements=here)
    stage(tmp_path, "unnamed-0123456789abcdef", requirements=f"boto3=={version('boto3')}\n")
    stage(tmp_path, "other-0123456789abcdef", requirements=f"scipy=={version('scipy')}\nboto3==0.1\n")

    modules = slow_modules(tmp_path, "images train-0123456789abcdef and other-0123456789abcdef")

    assert modules == ["pandas", "sklearn.ensemble"]
