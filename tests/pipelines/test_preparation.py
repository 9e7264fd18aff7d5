"""Tests of pipelines/preparation.py: the rows that leave the judge's side have their outcomes hidden."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("preparation")


def test_runs_on_a_cluster() -> None:
    assert list(problems("preparation", compiled("preparation"), release=True)) == []


def test_only_training_outcomes_are_sent(graph: Graph) -> None:
    artifacts = graph.tasks["send-rows"]["inputs"]["artifacts"]
    made_by = {name: each["taskOutputArtifact"]["producerTask"] for name, each in artifacts.items()}
    assert made_by == {
        "training": "hide-outcomes",
        "outcomes": "load-data",
        "evaluation": "hide-outcomes-2",
    }
