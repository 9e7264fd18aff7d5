"""The run's process: its exit status, its record, and that nothing outlives it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from local_kfp.tests.runs import Run, prepare, stage, start, tool


@dsl.container_component
def speak(text: str):
    return tool("--say", text)


@dsl.container_component
def fail():
    return tool("--say", "as it must", "--exit", "1")


@dsl.container_component
def wait(pid_file: str):
    return tool("--say-at-end", "tidied up", "--say", "waiting", "--write-pid", pid_file, "--sleep", "60")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stage(tmp_path / "images")
    return tmp_path / "run"


def test_pipeline_with_a_failing_task_fails(folder: Path) -> None:
    @dsl.pipeline
    def canary():
        fail()

    run = prepare(folder, canary)
    process = start(run)

    assert (process.communicate()[0], process.returncode) == ("", 1)
    assert run.verdict == {"run": "FAILED", "error": "fail: exit status 1: as it must"}


def test_record_has_every_state_of_every_task(folder: Path) -> None:
    @dsl.pipeline
    def pipeline():
        speak(text="hello").set_display_name("says hello")

    run = prepare(folder, pipeline)
    process = start(run)

    assert (process.communicate()[0], process.returncode) == ("", 0)
    changes = [(line["name"], line["state"]) for line in run.lines[:-1]]
    assert changes == [
        ("root", "RUNNING"),
        ("speak", "PENDING"),
        ("speak", "RUNNING"),
        ("speak", "SUCCEEDED"),
        ("root", "SUCCEEDED"),
    ]
    task = run.tasks["speak"]
    assert task["parent_task_id"] == run.tasks["root"]["task_id"]
    assert task["display_name"] == "says hello"
    assert task["start_time"] <= task["end_time"]
    assert (task["exit_code"], task["error"]) == (0, None)
    assert run.log("speak") == "hello\n"


def test_run_that_cannot_start_records_the_reason(folder: Path) -> None:
    @dsl.pipeline
    def pipeline():
        speak(text="hello")

    run = prepare(folder, pipeline)
    (folder / "pipeline.yaml").write_text("root: {dag: 3}")
    process = start(run)

    assert process.wait() == 1
    process.communicate()
    assert run.verdict["run"] == "FAILED"
    assert run.verdict["error"].startswith("ParseError: ")


@pytest.fixture
def waiting(folder: Path) -> tuple[Run, subprocess.Popen[str], int]:
    """A run whose task sleeps, its process, and the task's."""

    @dsl.pipeline
    def pipeline(pid_file: str):
        wait(pid_file=pid_file)

    run = prepare(folder, pipeline, pid_file=str(folder / "pid"))
    process = start(run)
    _until(lambda: (folder / "pid").is_file() and (folder / "pid").read_text())
    return run, process, int((folder / "pid").read_text())


def test_log_is_readable_while_the_task_runs(waiting: tuple[Run, subprocess.Popen[str], int]) -> None:
    run, process, _ = waiting
    _until(lambda: run.log("wait") == "waiting\n")
    assert run.states["wait"] == "RUNNING"
    process.terminate()
    process.communicate()


def test_sigterm_ends_the_task_and_is_recorded(waiting: tuple[Run, subprocess.Popen[str], int]) -> None:
    run, process, task = waiting
    process.terminate()
    process.communicate()

    assert run.states == {"root": "CANCELED", "wait": "CANCELED"}
    assert run.verdict == {"run": "FAILED", "error": "the run was terminated"}
    _until(lambda: not _alive(task))
    assert run.log("wait") == "waiting\ntidied up\n"


def test_tasks_of_a_terminated_run_are_recorded_as_canceled(folder: Path) -> None:
    @dsl.pipeline
    def pipeline(pid_files: list):
        with dsl.ParallelFor(pid_files) as pid_file:
            wait(pid_file=pid_file)

    started = [folder / name for name in ("first", "second")]
    run = prepare(folder, pipeline, pid_files=[str(path) for path in started])
    process = start(run)
    _until(lambda: all(path.is_file() for path in started))
    process.terminate()
    process.communicate()

    last = {line["task_id"]: line["state"] for line in run.lines if "name" in line}
    assert list(last.values()) == ["CANCELED"] * 6


def test_run_ends_when_its_keeper_is_killed(waiting: tuple[Run, subprocess.Popen[str], int]) -> None:
    _, process, task = waiting
    group = os.getpgid(task)
    assert os.getsid(task) == process.pid != group
    process.kill()
    process.communicate()
    _until(lambda: not _alive(group))
    os.kill(task, signal.SIGKILL)


@dsl.container_component
def leave_daemon(pid_file: str, seconds: float):
    return tool("--leave-daemon", pid_file, "--sleep", seconds)


@pytest.fixture
def daemon(folder: Path) -> Callable[..., tuple[Run, subprocess.Popen[str], int]]:
    """A run whose task leaves a daemon and lasts for so many seconds, its process, and the daemon's."""

    def start_daemon(seconds: float, *options: str) -> tuple[Run, subprocess.Popen[str], int]:
        @dsl.pipeline
        def pipeline(pid_file: str, seconds: float):
            leave_daemon(pid_file=pid_file, seconds=seconds)

        run = prepare(folder, pipeline, pid_file=str(folder / "pid"), seconds=seconds)
        process = start(run, *options)
        _until(lambda: (folder / "pid").is_file() and (folder / "pid").read_text())
        return run, process, int((folder / "pid").read_text())

    return start_daemon


def test_daemon_of_a_task_ends_with_the_run(daemon: Callable[..., Any]) -> None:
    run, process, pid = daemon(0)
    assert os.getsid(pid) != process.pid
    process.communicate()
    assert (process.returncode, run.verdict["run"]) == (0, "SUCCEEDED")
    assert not _alive(pid)


def test_daemon_of_a_task_ends_with_a_terminated_run(daemon: Callable[..., Any]) -> None:
    run, process, pid = daemon(60)
    process.terminate()
    process.communicate()
    assert run.verdict == {"run": "FAILED", "error": "the run was terminated"}
    assert not _alive(pid)


def test_daemon_of_a_task_ends_with_the_parent_of_the_run(daemon: Callable[..., Any]) -> None:
    run, process, pid = daemon(60, "--with-parent")
    process.stdin.close()
    process.wait()
    process.stdout.close()
    assert run.verdict == {"run": "FAILED", "error": "the run was terminated"}
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
