"""Tests of pipelines/monitoring.py: which images score the champion, and when an alarm trains."""

import pytest

from engine.kubeflow.pipeline_lint import problems
from tests.pipelines.graph import Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("monitoring")


def test_runs_on_a_cluster_and_compiles_to_the_same_bytes(graph: Graph) -> None:
    assert list(problems("monitoring", compiled("monitoring"), release=True)) == []
    assert compiled("monitoring") == compiled("monitoring")
    assert not any(task["cachingOptions"].get("enableCache") for task in graph.tasks.values())


def test_the_champion_is_scored_in_the_images_it_was_born_in(graph: Graph) -> None:
    for step in ("build-features (champion, evaluation)", "score-model (champion)"):
        assert "resolve-model-" in graph.container(step)["image"]


def test_training_is_nested_and_runs_on_an_alarm_only(graph: Graph) -> None:
    assert graph.group["register-model"] == "candidate-passed"
    assert graph.group["train-model (candidate)"] == "training"
    groups = graph.spec["components"]
    alarm = next(each for name, each in groups.items() if "training" in each.get("dag", {}).get("tasks", {}))
    assert list(alarm["dag"]["tasks"]) == ["training"]
    condition = next(
        task["triggerPolicy"]["condition"]
        for each in groups.values()
        for task in each.get("dag", {}).get("tasks", {}).values()
        if task["taskInfo"]["name"] == "alarm"
    )
    assert condition.endswith("-train'] == 'true'")


def test_refused_data_is_reported_and_trains_nothing(graph: Graph) -> None:
    assert [task for task, group in graph.group.items() if group == "refused-data"] == ["report-fault"]
