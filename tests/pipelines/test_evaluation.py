"""Tests of pipelines/evaluation.py: every model in its own image, one judge, nothing kept, nothing cached."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("evaluation")


def test_runs_on_a_cluster_and_compiles_to_the_same_bytes(graph: Graph) -> None:
    assert list(problems("evaluation", compiled("evaluation"), release=True)) == []
    assert compiled("evaluation") == compiled("evaluation")


@pytest.mark.parametrize("owner", ["candidate", "control", "champion"])
def test_each_model_is_scored_in_the_image_it_was_born_in(graph: Graph, owner: str) -> None:
    steps = (f"build-features ({owner}, evaluation)", f"score-model ({owner})")
    images = [graph.container(step)["image"] for step in steps]
    origin = "resolve-model-" if owner == "champion" else f"{owner}_"
    assert all(image.startswith("{{$.inputs.parameters[") and origin in image for image in images)
    assert len(set(images)) == 2


def test_judges_are_not_parameters(graph: Graph) -> None:
    for judge in ("validate-data", "compare-models", "enforce-verdict"):
        assert "@sha256:" in graph.container(judge)["image"]


def test_refused_data_reaches_a_verdict_of_its_own(graph: Graph) -> None:
    assert graph.group["reject-candidate"] == graph.group["enforce-verdict-2"] == "refused-data"
    assert graph.group["compare-models"] == graph.group["enforce-verdict"] == "gate"


def test_nothing_is_registered_or_cached(graph: Graph) -> None:
    commands = [graph.container(task)["command"] for task in graph.tasks]
    assert not {"register", "promote", "rollback"} & {word for command in commands for word in command}
    assert not any(task["cachingOptions"].get("enableCache") for task in graph.tasks.values())
