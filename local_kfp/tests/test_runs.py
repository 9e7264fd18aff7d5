import json
import os
import resource
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import pytest
import yaml

from local_kfp.server.clock import Clock
from local_kfp.server.server import Server
from local_kfp.server.store import Store
from local_kfp.server.supervisor import Supervisor, filled_folder
from local_kfp.tests.in_process import InProcessServer, is_running, wait_until

Start = Callable[..., Any]
Finish = Callable[[Any], Any]


def processes(server: InProcessServer, run: Any) -> list[int]:
    file = server.state / "runs" / run.run_id / "pids"
    return [int(pid) for pid in wait_until(lambda: file.exists() and file.read_text()).split()]


def test_prune_keeps_the_newest_ended_runs(tmp_path: Path):
    store, clock = Store(tmp_path / "kfp.db"), Clock()
    server = Server(store, clock, Supervisor(store, clock, tmp_path / "runs"), tmp_path, "subprocess")
    states = {"going": "RUNNING", "oldest": "SUCCEEDED", "older": "FAILED", "newest": "CANCELED"}
    for minute, (name, state) in enumerate(states.items()):
        server.run_folder(name).mkdir(parents=True)
        store.insert("runs", run_id=name, state=state, created_at=60 * minute)
    server.prune(2)
    assert {run["run_id"] for run in store.query("SELECT run_id FROM runs")} == {"going", "older", "newest"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"going", "older", "newest"}
    store.close()


def test_run_of_an_uploaded_version(
    client: kfp.Client, start: Start, finish: Finish, version: dict[str, str]
):
    created = start()
    run = finish(created)
    assert (created.state, run.state) == ("PENDING", "SUCCEEDED")
    assert [status.state for status in run.state_history] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert run.pipeline_version_reference.pipeline_version_id == version["version_id"]
    assert (run.service_account, run.runtime_config) == ("pipeline-runner", None)
    root, task = run.run_details.task_details
    assert (root.display_name, task.display_name, task.parent_task_id) == ("root", "say-hello", root.task_id)
    assert [child.pod_name for child in root.child_tasks] == [task.task_id]
    assert task.start_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert [status.state for status in task.state_history] == ["RUNNING", "SUCCEEDED"]
    assert client.wait_for_run_completion(run.run_id, timeout=5).state == "SUCCEEDED"


def test_active_run_has_finished_at_of_1970(start: Start):
    assert start(behave="hang").finished_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_run_of_an_inline_pipeline(server: InProcessServer, client: kfp.Client, package: str, finish):
    run = client.create_run_from_pipeline_package(package, arguments={"times": 3}, enable_caching=False)
    finish(run)
    folder = server.state / "runs" / run.run_id
    assert json.loads((folder / "run.json").read_text())["parameters"] == {"times": 3}
    spec = yaml.safe_load((folder / "pipeline.yaml").read_text())
    assert spec["pipelineInfo"]["name"] == "greeting"
    assert client.get_run(run.run_id).pipeline_spec["pipelineInfo"]["name"] == "greeting"


def test_failed_run_has_the_error_of_its_task(start: Start, finish: Finish):
    run = finish(start(behave="fail"))
    assert run.state == "FAILED"
    assert run.state_history[-1].error.message == "say-hello failed"
    assert run.run_details.task_details[1].error.message == "exit status 1"


def test_run_whose_process_dies_fails_with_its_last_line(start: Start, finish: Finish):
    run = finish(start(behave="die"))
    assert run.state == "FAILED"
    assert "(exit status 1): Killed by the stand-in" in run.state_history[-1].error.message
    assert [task.state for task in run.run_details.task_details] == ["FAILED", "FAILED"]


def test_terminate_ends_grandchildren(server: InProcessServer, client: kfp.Client, start, finish):
    run = start(behave="hang")
    pids = processes(server, run)
    client.terminate_run(run.run_id)
    ended = finish(run)
    assert ended.state == "FAILED"
    assert [status.state for status in ended.state_history] == ["PENDING", "RUNNING", "CANCELING", "FAILED"]
    assert ended.state_history[-1].error.message == "the run was terminated"
    assert [task.state for task in ended.run_details.task_details] == ["FAILED", "FAILED"]
    wait_until(lambda: not any(map(is_running, pids)))
    with pytest.raises(kfp_server_api.ApiException, match="expected an active run, found FAILED") as refused:
        client.terminate_run(run.run_id)
    assert refused.value.status == 400


def test_terminate_kills_a_process_that_ignores_sigterm(
    server: InProcessServer, client: kfp.Client, start, finish
):
    run = start(behave="hang-deaf")
    pids = processes(server, run)
    client.terminate_run(run.run_id)
    assert finish(run).state == "FAILED"
    wait_until(lambda: not any(map(is_running, pids)))


def test_run_ends_with_its_processes_when_its_keeper_is_killed(server: InProcessServer, start, finish):
    run = start(behave="hang")
    process, child = processes(server, run)
    keeper = subprocess.run(["ps", "-o", "ppid=", "-p", str(process)], capture_output=True, check=True)
    os.kill(int(keeper.stdout), signal.SIGKILL)
    assert "(SIGKILL)" in finish(run).state_history[-1].error.message
    wait_until(lambda: not is_running(process) and not is_running(child))


def test_processes_left_running_end_with_their_run(server: InProcessServer, start: Start, finish: Finish):
    run = finish(start(behave="litter"))
    assert run.state == "SUCCEEDED"
    wait_until(lambda: not any(map(is_running, processes(server, run))))


def test_runs_are_concurrent(client: kfp.Client, start: Start, finish: Finish):
    hanging = [start(behave="hang") for _ in range(3)]
    assert finish(start()).state == "SUCCEEDED"
    for run in hanging:
        assert client.get_run(run.run_id).state == "RUNNING"


def test_run_can_be_archived_unarchived_and_deleted(
    server: InProcessServer, client: kfp.Client, start: Start
):
    run = start(behave="hang")
    pids = processes(server, run)
    client.archive_run(run.run_id)
    assert client.get_run(run.run_id).storage_state == "ARCHIVED"
    client.unarchive_run(run.run_id)
    assert client.get_run(run.run_id).storage_state == "AVAILABLE"
    client.delete_run(run.run_id)
    wait_until(lambda: not any(map(is_running, pids)))
    assert not (server.state / "runs" / run.run_id).exists()
    with pytest.raises(kfp_server_api.ApiException) as missing:
        client.get_run(run.run_id)
    assert missing.value.status == 404
    assert json.loads(missing.value.body)["code"] == 5


def test_run_that_cannot_be_written_is_not_stored(server: InProcessServer, client: kfp.Client, start: Start):
    (server.state / "runs").write_text("a file where the folder should be")
    with pytest.raises(kfp_server_api.ApiException, match=r"Not a directory|File exists") as refused:
        start()
    assert refused.value.status == 500
    assert client.list_runs().runs is None


def test_filled_folder_removes_a_partly_written_folder(tmp_path: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with (
            pytest.raises(OSError, match="File too large"),
            filled_folder(tmp_path / "run", "more than ten bytes", {}),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "run").exists()


def test_run_fails_if_its_process_cannot_start(
    server: InProcessServer, start: Start, finish: Finish, monkeypatch
):
    monkeypatch.setattr("local_kfp.server.supervisor.ROOT", server.state / "nowhere")
    run = finish(start())
    assert run.state == "FAILED"
    assert "the run's process cannot start" in run.state_history[-1].error.message


def test_failed_run_can_be_retried(client: kfp.Client, start: Start, finish: Finish):
    run = finish(start(behave="die"))
    client._run_api.run_service_retry_run(run.run_id)
    wait_until(lambda: len(client.get_run(run.run_id).state_history) == 6)
    assert [status.state for status in finish(run).state_history] == ["PENDING", "RUNNING", "FAILED"] * 2


def test_log_of_a_task(server: InProcessServer, start: Start, finish: Finish):
    run = finish(start())
    logs = f"{server.url}/apis/v1alpha1/runs/{run.run_id}/nodes"
    with urllib.request.urlopen(f"{logs}/{run.run_details.task_details[1].pod_name}/log") as response:
        assert response.read() == b"hello from the task\n"
    with urllib.request.urlopen(f"{logs}/no-such-pod/log") as response:
        assert "no task no-such-pod with a log" in json.load(response)["error_message"]


def test_macros_of_a_manual_run(server: InProcessServer, start: Start):
    server.clock.time = 1_357_000_000  # 2013-01-01 00:26:40
    day = "[[ScheduledTime.2006-01-02]] [[Index]] [[CurrentTime.2006-01-02]] [[RunUUID]]"
    run = start(day=day)
    settings = json.loads((server.state / "runs" / run.run_id / "run.json").read_text())
    expected = f"[[ScheduledTime.2006-01-02]] [[Index]] 2013-01-01 {run.run_id}"
    assert settings["parameters"] == {"day": expected}
    assert run.runtime_config.parameters == {"day": day}


def test_run_refuses_undeclared_parameters(client: kfp.Client, start: Start):
    with pytest.raises(kfp_server_api.ApiException, match="not required by pipeline: typo") as refused:
        start(typo=1)
    assert refused.value.status == 400
    assert client.list_runs().runs is None


def test_run_of_a_missing_version_responds_with_500(client: kfp.Client):
    with pytest.raises(kfp_server_api.ApiException, match="PipelineVersion gone not found") as refused:
        client.run_pipeline(None, "greet", pipeline_id="gone", version_id="gone")
    assert refused.value.status == 500


def test_list_runs_of_one_experiment(client: kfp.Client, version: dict[str, str]):
    mine = client.create_experiment("mine").experiment_id
    for experiment, name in ((mine, "a"), (None, "b"), (mine, "c")):
        client.run_pipeline(experiment, name, **version)
    runs = client.list_runs(experiment_id=mine, sort_by="display_name desc").runs
    assert [run.display_name for run in runs] == ["c", "a"]
    with pytest.raises(kfp_server_api.ApiException, match="Experiment missing not found"):
        client.list_runs(experiment_id="missing")
