"""A run looks the same on a server that lists tasks and on one that lists nodes, as a cluster does."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from kfp import compiler, dsl, kubernetes

from engine.gate.judged_run import agrees
from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.run_tasks import NOT_STARTED, tasks_of_nodes
from engine.kubeflow.uploads import read_spec, upload
from engine.kubeflow.workflow_nodes import node_id, pod_name
from local_kfp.tests.runs import stage, tool
from local_kfp.tests.server_process import ServerProcess


@dsl.container_component
def say(text: str, status: int = 0) -> dsl.ContainerSpec:
    return tool("--say", text, "--exit", status)


@dsl.pipeline(name="inner")
def inner(text: str) -> None:
    say(text=text).set_display_name("Say it deep inside")


@dsl.pipeline(name="whole")
def whole(mode: str, status: int) -> None:
    first = say(text=mode)
    with dsl.If(mode == "yes", name="mode-is-yes"):
        say(text="yes")
    with dsl.Else(name="mode-is-not-yes"):
        say(text="no")
    with dsl.ParallelFor(["a", "b"], name="letters") as letter:
        say(text=letter).set_display_name("say-letter")
    nested = inner(text="deep").after(first)
    enforced = say(text="the verdict", status=status).after(nested).set_display_name("enforce-verdict")
    say(text="after it").after(enforced)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "whole.yaml"
    compiler.Compiler().compile(whole, str(path))
    return path


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ServerProcess]]:
    folder = tmp_path_factory.mktemp("servers")
    stage(folder / "images")
    with (
        ServerProcess(folder / "tasks", folder / "images") as tasks,
        ServerProcess(folder / "nodes", folder / "images", "--show-nodes") as nodes,
    ):
        yield {"tasks": tasks, "nodes": nodes}


@pytest.mark.parametrize("parameters", [{"mode": "yes", "status": 0}, {"mode": "no", "status": 1}])
def test_run_has_the_same_tasks_on_both_servers(
    servers: dict[str, ServerProcess], compiled: Path, parameters: dict[str, Any]
) -> None:
    seen = {}
    for name, server in servers.items():
        client = open_client(server.url)
        with runs.started(client, upload(client, compiled), "a run", parameters) as run_id:
            run = runs.follow(client, run_id)
        logs = [(task.name, log) for task, log in runs.failed_logs(client, run) if task.pods]
        assert agrees(run, {"passed": not parameters["status"]})  # type: ignore[typeddict-item] # only what it reads
        seen[name] = (run.state, sorted((task.name, task.state) for task in run.tasks), logs)
    assert seen["nodes"] == seen["tasks"]
    state, tasks, logs = seen["nodes"]
    assert [name for name, _ in tasks].count("say-letter") == 2
    assert ("Say it deep inside", "SUCCEEDED") in tasks
    assert ("mode-is-yes", "SUCCEEDED" if parameters["mode"] == "yes" else "SKIPPED") in tasks
    assert logs == ([("enforce-verdict", "the verdict\n")] if state == "FAILED" else [])


def test_final_run_is_read_again_until_its_tasks_are_final(monkeypatch: pytest.MonkeyPatch) -> None:
    unsettled, settled = (
        runs.Run("1", "a run", "FAILED", "", [runs.Task("2", "enforce-verdict", state, "", ())])
        for state in ("RUNNING", "FAILED")
    )
    empty = runs.Run("1", "a run", "FAILED", "", [])
    answers = iter([empty, unsettled, settled])
    monkeypatch.setattr(runs, "read_run", lambda client, run_id: next(answers))
    assert runs.follow(cast(Any, None), "1") is settled


def test_final_run_whose_tasks_never_end_is_read_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    unsettled = runs.Run("1", "a run", "FAILED", "", [runs.Task("2", "say", "RUNNING", "", ())])
    monkeypatch.setattr(runs, "read_run", lambda client, run_id: unsettled)
    monkeypatch.setattr(runs, "SETTLING", 0.1)
    assert runs.follow(cast(Any, None), "1") is unsettled


def test_nodes_of_a_cluster_are_the_tasks_of_the_pipeline(compiled: Path) -> None:
    recorded = json.loads(Path(__file__).with_name("nodes_of_a_cluster.json").read_text())
    nodes = [
        detail(each["display_name"], each["state"], *each["children"]) for each in recorded["task_details"]
    ]

    tasks = tasks_of_nodes(nodes, read_spec(compiled))

    assert sorted((task.name, task.state) for task in tasks) == [
        ("Say it deep inside", "SUCCEEDED"),
        ("enforce-verdict", "FAILED"),
        ("inner", "SUCCEEDED"),
        ("letters", "SUCCEEDED"),
        ("mode-is-not-yes", "SKIPPED"),
        ("mode-is-yes", "SUCCEEDED"),
        ("say", "SUCCEEDED"),
        ("say-2", "SUCCEEDED"),
        ("say-6", "SKIPPED"),
        ("say-letter", "SUCCEEDED"),
        ("say-letter", "SUCCEEDED"),
    ]
    pods = sorted(pod for task in tasks for pod in task.pods if task.name != "say-2")  # which was cached
    assert pods == recorded["pods"]


def detail(name: str, state: str | None, *children: str) -> SimpleNamespace:
    child_tasks = [SimpleNamespace(pod_name=child) for child in children]
    return SimpleNamespace(
        task_id=name, display_name=name, state=state, error=None, pod_name=None, child_tasks=child_tasks
    )


def test_task_whose_driver_failed_has_failed(compiled: Path) -> None:
    nodes = [detail("root-driver", "SUCCEEDED"), detail("say-driver", "FAILED"), detail("say", "SKIPPED")]
    [task] = tasks_of_nodes(nodes, read_spec(compiled))
    assert (task.name, task.state, task.error) == ("say", "FAILED", NOT_STARTED)


def test_task_that_a_failure_left_out_is_skipped(compiled: Path) -> None:
    """Else a failed run would never settle: its node has no state for good, seen with 2.17.0."""
    nodes = [detail("root-driver", "SUCCEEDED"), detail("say-6-driver", None), detail("say-6", None)]
    [task] = tasks_of_nodes(nodes, read_spec(compiled))
    assert task.state == "SKIPPED"


def test_node_without_attempts_is_found_by_its_executor(compiled: Path) -> None:
    above = "whole-x.root.inner"
    nodes = [
        detail("root-driver", "SUCCEEDED"),
        detail("say", "RUNNING", node_id("whole-x", f"{above}.say.executor")),
        detail("executor", "RUNNING", node_id("whole-x", "whole-x.root.say-driver")),
    ]
    [task] = tasks_of_nodes(nodes, read_spec(compiled))
    executor = node_id("whole-x", f"{above}.say.executor")
    assert (task.name, task.pods) == ("Say it deep inside", (pod_name(executor, "system-container-impl"),))


def test_task_of_a_graph_that_was_tried_again_is_listed_once(compiled: Path) -> None:
    """Kubeflow Pipelines 2.17.0 tried all of a run again where a LimitRange refused the pod of a task."""
    attempts = [f"whole-x(0).root({number})" for number in range(2)]
    tried = [node_id("whole-x", path) for path in ("whole-x(0)", *attempts)]
    executors = [node_id("whole-x", f"{attempt}.say(0)") for attempt in attempts]
    nodes = [
        detail("root-driver", "SUCCEEDED", *tried),
        detail("say", "FAILED", executors[0]),
        detail("say", "RUNNING", executors[1]),
    ]
    [task] = tasks_of_nodes(nodes, read_spec(compiled))
    assert (task.name, task.state) == ("say", "RUNNING")


@dsl.pipeline(name="placed")
def placed() -> None:
    say(text="plain")
    say(text="again").set_retry(2)
    labelled = say(text="labelled")
    kubernetes.add_pod_label(labelled, "team", "models")
    kubernetes.add_pod_label(labelled, "tier", "one")
    kubernetes.add_pod_annotation(labelled, "owner", "us")


def test_pod_is_named_by_its_template(tmp_path: Path) -> None:
    compiler.Compiler().compile(placed, str(tmp_path / "placed.yaml"))
    spec, platform = yaml.safe_load_all((tmp_path / "placed.yaml").read_text())
    executors = {key: f"placed-x.root.{key}.executor" for key in ("say", "say-2", "say-3")}
    nodes = [detail("root-driver", "SUCCEEDED")] + [
        detail(key, "RUNNING", node_id("placed-x", path)) for key, path in executors.items()
    ]

    tasks = tasks_of_nodes(nodes, {"pipeline_spec": spec, "platform_spec": platform})

    templates = {
        "say": ["system-container-impl"],
        "say-2": ["retry-system-container-impl", "say-2-system-container-impl"],
        "say-3": ["metadata-1-2-system-container-impl", "system-container-impl"],
    }
    assert {task.name: task.pods for task in tasks} == {
        key: tuple(pod_name(node_id("placed-x", path), template) for template in templates[key])
        for key, path in executors.items()
    }
