"""The option that lists the nodes of a workflow, as a cluster does."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kfp
import pytest

from local_kfp.tests.in_process import InProcessServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with InProcessServer(tmp_path, shows_nodes=True) as running:
        yield running
    assert not running.departures


def nodes(client: kfp.Client, run: Any) -> dict[str, str]:
    details = client.get_run(run.run_id).run_details.task_details
    return {detail.display_name: detail.state for detail in details}


def test_task_details_are_nodes_of_the_workflow(client: kfp.Client, start, finish) -> None:
    run = finish(start())
    workflow = f"greeting-{run.run_id[:5]}"
    names = [workflow, "root-driver", "root", "say-hello-driver", "say-hello", "executor"]
    assert list(nodes(client, run)) == [f"{name}{attempt}" for name in names for attempt in ("", "(0)")]


def test_run_is_final_before_its_nodes_are(client: kfp.Client, start, finish, monkeypatch) -> None:
    monkeypatch.setattr("local_kfp.server.nodes.LAG_SECONDS", 60)
    run = finish(start())
    assert nodes(client, run)["executor(0)"] == "RUNNING"
    monkeypatch.setattr("local_kfp.server.nodes.LAG_SECONDS", 0)
    assert set(nodes(client, run).values()) == {"SUCCEEDED"}


def test_failed_run_has_failed_nodes_and_drivers_that_succeeded(
    client: kfp.Client, start, finish, monkeypatch
) -> None:
    monkeypatch.setattr("local_kfp.server.nodes.LAG_SECONDS", 0)
    states = nodes(client, finish(start(behave="fail")))
    assert {name: state for name, state in states.items() if state == "SUCCEEDED"}.keys() == {
        f"{name}{attempt}" for name in ("root-driver", "say-hello-driver") for attempt in ("", "(0)")
    }
    assert states["executor(0)"] == "FAILED"


def test_child_of_the_executor_has_the_log(
    server: InProcessServer, client: kfp.Client, start, finish
) -> None:
    run = client.get_run(finish(start()).run_id)
    details = {task.display_name: task for task in run.run_details.task_details}
    assert {task.pod_name for task in details.values()} == {None}
    [child] = details["executor"].child_tasks
    workflow, _, digest = child.pod_name.rpartition("-")
    pod = f"{workflow}-system-container-impl-{digest}"
    url = f"{server.url}/apis/v1alpha1/runs/{run.run_id}/nodes/{pod}/log"
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"hello from the task\n"
