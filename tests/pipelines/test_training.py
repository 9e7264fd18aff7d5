"""Tests of pipelines/training.py: a model is promoted where it passed, and nowhere else."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("training")


def test_runs_on_a_cluster_and_compiles_to_the_same_bytes(graph: Graph) -> None:
    assert list(problems("training", compiled("training"), release=True)) == []
    assert compiled("training") == compiled("training")


def test_only_a_candidate_that_passed_is_registered_and_promoted(graph: Graph) -> None:
    inside = {graph.group["register-model"], graph.group["promote-model"], graph.group["promote-model-2"]}
    assert inside == {"candidate-passed", "nothing-serves", "kserve-serves"}
    moves = {task for task in graph.tasks if graph.component(task) == "model_registry"}
    assert moves == {"resolve-model", "register-model", "promote-model", "promote-model-2"}


def test_promotion_follows_the_deployment_if_kserve_serves(graph: Graph) -> None:
    serving = {task for task, group in graph.group.items() if group == "kserve-serves"}
    assert serving == {"deploy-model", "promote-model-2"}
    assert graph.after("promote-model-2") == {"deploy-model"}
    assert {task for task, group in graph.group.items() if group == "nothing-serves"} == {"promote-model"}
    ours = graph.tasks["deploy-model"]["inputs"]["parameters"]
    theirs = graph.tasks["promote-model-2"]["inputs"]["parameters"]
    assert {name: ours[name] for name in theirs} == theirs


def test_promotion_expects_the_champion_that_was_compared(graph: Graph) -> None:
    for task in ("promote-model", "promote-model-2", "deploy-model"):
        expected = graph.tasks[task]["inputs"]["parameters"]["expected"]
        assert expected == {"componentInputParameter": "pipelinechannel--resolve-model-digest"}


def test_refused_data_ends_the_run_before_a_model_is_trained(graph: Graph) -> None:
    arguments = graph.tasks["validate-data"]["inputs"]["parameters"]["fail_on_finding"]
    assert arguments["runtimeValue"]["constant"] == "true"
    assert "validate-data" in graph.after("train-model (candidate)")
