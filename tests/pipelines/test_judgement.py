"""Tests of pipelines/judgement.py: no code of the candidate runs, and its answers come as foreign data."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("judgement")


def test_runs_on_a_cluster() -> None:
    assert list(problems("judgement", compiled("judgement"), release=True)) == []


def test_no_image_is_the_candidates(graph: Graph) -> None:
    images = [graph.container(task)["image"] for task in graph.tasks]
    assert not [image for image in images if "candidate" in image]


def test_the_truth_is_the_controls(graph: Graph) -> None:
    truth = graph.tasks["compare-models"]["inputs"]["artifacts"]["truth"]
    evaluation = graph.tasks["compare-models"]["inputs"]["artifacts"]["evaluation_features"]
    assert "build-labelled-features" in str(truth) and "receive-features" in str(evaluation)


def test_refused_data_reaches_a_verdict_of_its_own(graph: Graph) -> None:
    assert graph.group["reject-candidate"] == graph.group["enforce-verdict-2"] == "refused-data"
    assert graph.group["compare-models"] == graph.group["enforce-verdict"] == "gate"
