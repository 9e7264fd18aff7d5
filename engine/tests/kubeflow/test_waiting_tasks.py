"""Tests of waiting_tasks.py: a task that cannot start is explained while the command waits."""

import base64
import gzip
import json
from typing import Any, cast

import pytest

from engine.command_line import WorldError
from engine.kubeflow import waiting_tasks
from engine.kubeflow.waiting_tasks import WaitingTasks, reasons


class Client:
    def get_user_namespace(self) -> str:
        return "ml"


def workflow(*messages: str, phase: str = "Pending") -> dict[str, Any]:
    """A Workflow whose task `load-data` has a container's node for each message."""
    nodes = {
        str(number): {"displayName": "executor(0)", "phase": phase, "message": message, "boundaryID": "task"}
        for number, message in enumerate(messages)
    }
    return {"status": {"nodes": {"task": {"displayName": "load-data(0)", "phase": "Running"}, **nodes}}}


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.", "lower resources in mlops.yaml"),
        ("Unschedulable: 1 node(s) didn't match Pod's node affinity/selector.", "correct node_selector"),
        ("Unschedulable: 1 node(s) had untolerated taint {gpu: }.", "set tolerations"),
        ("its pod is forbidden: maximum cpu usage per Container is 1, but limit is 2", "LimitRange"),
        ("its pod is forbidden: error looking up service account ml/trainer", "store.service_account"),
        ('ImagePullBackOff: Back-off pulling image "registry.example.com/a:1"', "check images.repository"),
        ("its pod is forbidden: exceeded quota: team, requested: cpu=2", "raise the ResourceQuota"),
    ],
)
def test_reasons_name_the_task_and_what_to_do(message: str, remedy: str) -> None:
    [line] = reasons(workflow(f"{message}\n"))
    assert line.startswith(f"load-data waits: {message}; ")
    assert remedy in line


def test_reasons_leave_out_pods_that_are_about_to_start() -> None:
    assert list(reasons(workflow("ContainerCreating", "PodInitializing", "ErrImagePull: a", ""))) == []
    assert list(reasons(workflow("Unschedulable: no node", phase="Running"))) == []
    assert list(reasons({})) == []


def test_reasons_of_attempts_that_were_refused_are_the_same_line() -> None:
    refused = 'pods "training-x-impl-{}" is forbidden: violates PodSecurity "restricted:latest"'
    lines = set(reasons(workflow(refused.format(1), refused.format(2), phase="Error")))
    assert lines == {
        'load-data waits: its pod is forbidden: violates PodSecurity "restricted:latest"; '
        "see docs/cluster.md, Pod Security"
    }
    assert list(reasons(workflow("No more retries left", phase="Error"))) == []


def test_reasons_are_found_in_a_compressed_workflow() -> None:
    nodes = workflow("Unschedulable: no node")["status"]["nodes"]
    packed = base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()
    [line] = reasons({"status": {"compressedNodes": packed}})
    assert line.startswith("load-data waits: Unschedulable: no node")


def test_reasons_name_a_driver_by_itself() -> None:
    node = {"displayName": "root-driver", "phase": "Pending", "message": "OOM", "boundaryID": "top"}
    assert list(reasons({"status": {"nodes": {"a": node}}})) == ["root-driver waits: OOM"]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> WaitingTasks:
    monkeypatch.setenv("KUBECONFIG", "a file")
    monkeypatch.setattr(waiting_tasks, "PATIENCE", 0)
    return WaitingTasks(cast(Any, Client()), "run-1")


Answers = list[list[dict[str, Any]]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The Workflows that the cluster lists, for each time that it is asked."""
    answers: Answers = []

    class Cluster:
        def __init__(self, namespace: str):
            self.namespace = namespace

        def workflows_of(self, run_id: str) -> list[dict[str, Any]]:
            assert (self.namespace, run_id) == ("ml", "run-1")
            return answers.pop(0)

    monkeypatch.setattr(waiting_tasks, "Cluster", Cluster)
    return answers


def test_new_reasons_lists_each_reason_once(waiting: WaitingTasks, answers: Answers) -> None:
    answers += [[workflow("Unschedulable: a")], [workflow("Unschedulable: a", "Unschedulable: b")]]
    assert [line.split(";")[0] for line in waiting.new_reasons()] == ["load-data waits: Unschedulable: a"]
    assert [line.split(";")[0] for line in waiting.new_reasons()] == ["load-data waits: Unschedulable: b"]
    assert not answers


def test_a_run_whose_workflow_was_deleted_is_lost(
    waiting: WaitingTasks, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers += [[workflow()], [], [workflow()], [], []]
    for _ in range(4):
        assert waiting.new_reasons() == []
        assert not waiting.is_lost
    monkeypatch.setattr(waiting_tasks, "GONE", -1)
    assert waiting.new_reasons() == []
    assert waiting.is_lost


def test_a_run_without_a_workflow_in_the_namespace_is_explained_and_not_lost(
    waiting: WaitingTasks, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_tasks, "GONE", -1)
    answers += [[], []]
    [line] = waiting.new_reasons()
    assert line.startswith("expected a Workflow of run run-1 in namespace ml of KUBECONFIG, found none")
    assert waiting.new_reasons() == []
    assert not waiting.is_lost


def test_new_reasons_asks_no_cluster_without_a_kubeconfig_or_at_once(
    waiting: WaitingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_tasks, "Cluster", None)
    monkeypatch.setattr(waiting_tasks, "PATIENCE", 60)
    assert waiting.new_reasons() == []
    monkeypatch.delenv("KUBECONFIG")
    assert waiting.new_reasons(at_once=True) == []
    monkeypatch.setattr(waiting_tasks, "PATIENCE", 0)
    assert waiting.new_reasons() == []


def test_new_reasons_explains_once_why_there_are_none(
    waiting: WaitingTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(namespace: str) -> None:
        raise WorldError("forbidden")

    monkeypatch.setattr(waiting_tasks, "Cluster", refuse)
    assert waiting.new_reasons() == ["what keeps tasks waiting is not shown: forbidden"]
    assert waiting.new_reasons() == []
