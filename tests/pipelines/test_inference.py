"""Tests of pipelines/inference.py: the champion predicts shard by shard in its own images; nothing trains."""

import pytest
import yaml

from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.kubeflow.pipeline_lint import problems
from engine.kubeflow.pipeline_spec import graph_tasks
from tests.pipelines.graph import IMAGES, ROOT, Graph, compiled


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph("inference")


def test_runs_on_a_cluster_and_compiles_to_the_same_bytes(graph: Graph) -> None:
    assert list(problems("inference", compiled("inference"), release=True)) == []
    assert compiled("inference") == compiled("inference")


def test_nothing_is_trained_judged_or_promoted(graph: Graph) -> None:
    components = {graph.component(task) for task in graph.tasks}
    assert components == {
        "model_registry",
        "list_shards",
        "build_features",
        "score_model",
        "publish_predictions",
    }
    assert "resolve" in graph.container("resolve-model")["command"]
    assert not any(task["cachingOptions"].get("enableCache") for task in graph.tasks.values())


def test_a_shard_goes_through_the_images_that_the_champion_was_born_in(graph: Graph) -> None:
    for task, image in (
        ("build-features (champion, inference)", "build_features_image"),
        ("predict-batch (champion)", "score_model_image"),
    ):
        assert graph.container(task)["image"].endswith(f"resolve-model-{image}']}}}}")
        assert graph.group[task] == "shards"


def test_nothing_is_published_before_every_shard_is_stored(graph: Graph) -> None:
    assert graph.group["publish-predictions"] == "root"
    (loop,) = (name for name in graph.spec["root"]["dag"]["tasks"] if name.startswith("for-loop"))
    assert loop in graph.after("publish-predictions")
    stored = graph.tasks["publish-predictions"]["inputs"]["parameters"]["stored"]
    assert stored["taskOutputParameter"]["producerTask"] == loop


def test_how_many_shards_are_at_once_is_compiled_in() -> None:
    spec = next(yaml.safe_load_all(compile_pipeline(ROOT, "inference", IMAGES, parallelism=3)))
    loops = [task for _, task in graph_tasks(spec) if "parameterIterator" in task]
    assert [loop["iteratorPolicy"] for loop in loops] == [{"parallelismLimit": 3}]
