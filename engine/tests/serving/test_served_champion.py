"""Tests of a whole training where KServe serves: registered, deployed, proved, and only then the champion."""

import json
from pathlib import Path
from typing import Any

import yaml

from engine.images.images import name_all
from engine.model_registry.model_registry import ModelRegistry
from engine.sources import GitIndex
from engine.tests.project import Project, copy_of_this_project
from engine.tests.seaweedfs import SeaweedFS
from engine.tests.served_versions import SERVING
from engine.tests.standins.kubernetes_api import KubernetesApi

QUICK = [("training_days: 194", "training_days: 21"), ("evaluation_days: 49", "evaluation_days: 21")]
QUICK += [("max_iter: 100", "max_iter: 2"), ("floor: 0.6", "floor: 0.5")]


class RegisteredAnswers(dict):
    """Each version answers as it did when it was registered."""

    def __init__(self, registry: ModelRegistry):
        self.registry = registry

    def __missing__(self, version: str) -> dict[str, Any]:
        return {"outputs": self.registry.golden(version)["expected"]}


def pushed_images(project: Project) -> Path:
    """What record_images writes of images that were pushed."""
    images = name_all(GitIndex(project.root), "registry.example/you/flights", "")
    path = project.root / "build/images.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({name: f"{each.reference}@sha256:{'8' * 64}" for name, each in images.items()})
    )
    return path


def test_a_model_is_the_champion_once_it_is_served(
    seaweedfs: SeaweedFS, s3_folder: str, cluster: KubernetesApi, tmp_path: Path
) -> None:
    project = copy_of_this_project(tmp_path / "project")
    project.edit("mlops.yaml", *QUICK)
    settings = project.root / "mlops.yaml"
    settings.write_text(settings.read_text() + yaml.safe_dump({"serving": SERVING}))
    project.commit()
    registry = ModelRegistry(s3_folder, "flight-delays")
    cluster.answers = RegisteredAnswers(registry)
    champions = []
    cluster.on_apply = lambda service: champions.append(registry.champion())

    environment = seaweedfs.environment("admin") | {"MODEL_REGISTRY_URI": s3_folder}
    environment |= {"SERVING_ACCESS_KEY_ID": "reader", "SERVING_SECRET_ACCESS_KEY": "reader-secret"}
    words = ("--as-of", "2013-04-16", "--images", str(pushed_images(project)))
    done = project.run("train", *words, **environment)

    assert done.returncode == 0, done.stdout + done.stderr
    champion = registry.champion()
    assert champions == [None]
    assert cluster.traffic() == {champion["version"]: 100}
    annotations = cluster.service()["metadata"]["annotations"]
    assert annotations["mlops/run"] in done.stdout
    assert annotations["mlops/commit"] == project.git("rev-parse", "HEAD")
    assert annotations["mlops/data-sha256"] == champion["record"]["data_sha256"]
    runtime = cluster.objects["servingruntimes", cluster.service()["spec"]["predictor"]["model"]["runtime"]]
    assert runtime["spec"]["containers"][0]["image"] == champion["images"]["serve_model"]
    unchanged = project.run("deploy_model", **environment)
    assert "is served already; nothing to do" in unchanged.stdout, unchanged.stderr
