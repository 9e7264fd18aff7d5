"""`python -m local_kfp` as a process: runs, a server that is killed, and failures at the start."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kfp
import pytest
from kfp import compiler, dsl

from local_kfp.tests.in_process import is_running, wait_until
from local_kfp.tests.runs import ROOT, stage, tool
from local_kfp.tests.server_process import ServerProcess, finish


@pytest.fixture
def images(tmp_path: Path) -> Path:
    stage(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def package(tmp_path: Path) -> str:
    """A pipeline of one task, that sleeps and writes its process id to a file."""

    @dsl.container_component
    def linger(seconds: float, pid_file: str, greeting: dsl.OutputPath(str)) -> dsl.ContainerSpec:
        written = ("--write", greeting, "welcome")
        return tool("--say", "hello", "--write-pid", pid_file, "--sleep", seconds, *written)

    @dsl.pipeline(name="linger")
    def lingering(pid_file: str, seconds: float = 0.0) -> None:
        linger(seconds=seconds, pid_file=pid_file).set_caching_options(False)

    path = tmp_path / "linger.yaml"
    compiler.Compiler().compile(lingering, str(path))
    return str(path)


@pytest.fixture
def served(tmp_path: Path, images: Path) -> Iterator[kfp.Client]:
    with ServerProcess(tmp_path / "state", images) as server:
        yield server.client


def read_pid(file: Path) -> int:
    return int(wait_until(lambda: file.exists() and file.read_text()))


def test_server_process_runs_an_uploaded_pipeline(served: kfp.Client, package: str, tmp_path: Path):
    arguments = {"pid_file": str(tmp_path / "pid")}
    run = finish(served, served.create_run_from_pipeline_package(package, arguments).run_id)
    assert run.state == "SUCCEEDED"
    root, task = run.run_details.task_details
    assert (root.display_name, task.display_name, task.state) == ("root", "linger", "SUCCEEDED")
    host = served._existing_config.host
    with urllib.request.urlopen(f"{host}/apis/v1alpha1/runs/{run.run_id}/nodes/{task.pod_name}/log") as log:
        assert log.read() == b"hello\n"
    with urllib.request.urlopen(f"{host}/runs/{run.run_id}") as page:
        assert "welcome" in page.read().decode()


def test_terminate_ends_the_process_of_the_task(served: kfp.Client, package: str, tmp_path: Path):
    pid_file = tmp_path / "pid"
    arguments = {"pid_file": str(pid_file), "seconds": 600}
    run_id = served.create_run_from_pipeline_package(package, arguments).run_id
    pid = read_pid(pid_file)
    served.terminate_run(run_id)
    run = finish(served, run_id)
    assert (run.state, run.run_details.task_details[-1].state) == ("FAILED", "FAILED")
    wait_until(lambda: not is_running(pid))


def test_restarted_server_fails_active_runs_and_keeps_schedules(package: str, images: Path, tmp_path: Path):
    pid_file, state = tmp_path / "pid", tmp_path / "state"
    with ServerProcess(state, images) as first:
        arguments = {"pid_file": str(pid_file), "seconds": 600}
        when = {"interval_second": 1, "no_catchup": True, "pipeline_package_path": package}
        schedule = first.client.create_recurring_run(None, "often", params=arguments, **when)
        pid = read_pid(pid_file)
        first.end(signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    pid_file.unlink()
    with ServerProcess(state, images) as second:
        killed = second.client.list_runs(sort_by="created_at").runs[0]
        assert killed.state == "FAILED"
        assert (
            killed.state_history[-1].error.message == "the local KFP server died while this run was running"
        )
        next_pid = read_pid(pid_file)
        assert second.client.get_recurring_run(schedule.recurring_run_id).status == "ENABLED"
    assert not is_running(next_pid)
    with ServerProcess(state, images) as third:
        stopped = third.client.list_runs(sort_by="created_at").runs[1]
        assert stopped.state_history[-1].error.message.startswith("the local KFP server was stopped")


def test_with_parent_server_ends_with_its_standard_input(tmp_path: Path, images: Path):
    with ServerProcess(tmp_path / "state", images, "--with-parent") as server:
        server.close_input()
        wait_until(lambda: server.has_ended)


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local_kfp", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_port_in_use_is_reported(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = serve("--port", str(taken.getsockname()[1]), "--state", str(tmp_path))
    assert ended.returncode == 3
    assert ended.stderr.startswith("error: cannot listen on port") and ended.stderr.count("\n") == 1


def test_unknown_time_zone_is_reported(tmp_path: Path):
    ended = serve("--time-zone", "Mars", "--state", str(tmp_path))
    assert ended.returncode == 2
    assert "expected a time zone such as Europe/Berlin, found 'Mars'" in ended.stderr


def test_show_nodes_lists_the_nodes_of_a_run(tmp_path: Path, images: Path, package: str):
    arguments = {"pid_file": str(tmp_path / "pid")}
    with ServerProcess(tmp_path / "state", images, "--show-nodes") as server:
        run = finish(server.client, server.client.create_run_from_pipeline_package(package, arguments).run_id)
    assert "executor(0)" in {task.display_name for task in run.run_details.task_details}


def test_time_zone_is_that_of_cron_expressions(tmp_path: Path, images: Path, package: str):
    with ServerProcess(tmp_path / "state", images, "--time-zone", "Asia/Tokyo") as server:
        server.client.create_recurring_run(
            server.client.get_experiment(experiment_name="Default").experiment_id,
            "daily",
            cron_expression="0 0 9 * * *",
            pipeline_package_path=package,
            params={"pid_file": "none"},
        )
        with urllib.request.urlopen(server.url) as response:
            assert " 00:00:00 UTC</td>" in response.read().decode()


def test_state_folder_in_use_is_reported(tmp_path: Path, images: Path):
    with ServerProcess(tmp_path / "state", images) as server:
        ended = serve("--state", str(tmp_path / "state"))
    assert ended.returncode == 3
    assert f"is served at {server.url} already: use that server" in ended.stderr


def test_a_command_uses_the_server_that_has_the_folder(tmp_path: Path, images: Path):
    with ServerProcess(tmp_path / "state", images) as server:
        with ServerProcess(tmp_path / "state", images, "--with-parent") as command:
            assert command.url == server.url
            wait_until(lambda: command.has_ended)
        assert not server.has_ended


def test_two_commands_take_turns(tmp_path: Path, images: Path):
    arguments = (tmp_path / "state", images, "--with-parent")
    with (
        (tmp_path / "log").open("w+") as log,
        ServerProcess(*arguments) as first,
        ThreadPoolExecutor() as pool,
    ):
        waiting = pool.submit(lambda: ServerProcess(*arguments, log=log))
        wait_until(lambda: f"whose server at {first.url} has" in (tmp_path / "log").read_text())
        assert not waiting.done()
        first.close_input()
        with waiting.result(timeout=20) as second:
            assert second.url != first.url and second.client.list_experiments().experiments


def test_invalid_state_folder_is_reported(tmp_path: Path):
    (tmp_path / "kfp.db").write_text("not a database, but longer than an empty one")
    ended = serve("--state", str(tmp_path))
    assert ended.returncode == 3
    assert "kfp.db: file is not a database; choose another folder" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_server_listens_on_loopback_only(served: kfp.Client):
    port = int(served._existing_config.host.rsplit(":")[-1])
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))  # free, because the server does not listen on all addresses
