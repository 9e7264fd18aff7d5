"""Tests of pipelines/candidate.py: the change's images, and nothing that judges or has access to a store."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("candidate")


def test_runs_on_a_cluster() -> None:
    assert list(problems("candidate", compiled("candidate"), release=True)) == []


def test_only_the_candidates_images_and_what_carries_data_run(graph: Graph) -> None:
    images = {graph.container(task)["image"] for task in graph.tasks}
    fixed = {image for image in images if "{{$" not in image}
    assert {image.rpartition(":")[0] for image in fixed} and len(fixed) == 1
    assert "hand_over" in fixed.pop()
    assert len(images) == 4


def test_features_are_handed_over_before_anything_is_trained(graph: Graph) -> None:
    assert "send-features" in graph.after("train-model (candidate)")
