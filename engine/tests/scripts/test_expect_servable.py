"""A training is refused if `serving` is set and the cluster could not serve the new model."""

from pathlib import Path

import pytest

from engine.gate import model_code
from engine.sources import WorkTree
from engine.tests.model_versions import register, verdict_on
from engine.tests.project import Project, copy_of_this_project
from engine.tests.scripts.test_promote import identical
from engine.tests.scripts.test_train import digests


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with `serving`, a champion, and code that passed the gate."""
    folder = tmp_path_factory.mktemp("servable")
    project = copy_of_this_project(folder / "project")
    settings = project.root / "mlops.yaml"
    settings.write_text(f"{settings.read_text()}serving: {{namespace: models}}\n")
    project.commit()
    version = register(project.registry, folder, "first")
    project.registry.promote(version, "", verdict_on("first"))
    fingerprint = model_code.read(WorkTree(project.root)).fingerprint()
    gated = project.root / "build/gate/verdict.json"
    gated.parent.mkdir(parents=True, exist_ok=True)
    gated.write_text(identical(provenance={"fingerprint": fingerprint}))
    return project


@pytest.mark.parametrize("script", ["train", "promote", "monitor"])
def test_without_an_endpoint_nothing_is_registered_that_no_cluster_could_serve(
    project: Project, script: str
) -> None:
    before = registered(project)
    done = project.run(script)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "serving: expected images that the serving cluster can pull, found localhost/mlops" in done.stderr
    assert "set KUBEFLOW_HOST" in done.stderr
    assert registered(project) == before


def test_a_registry_on_this_machine_is_not_served_from(project: Project) -> None:
    done = project.run("train", "--images", str(digests(project)))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "MODEL_REGISTRY_URI: expected one that the serving cluster can read" in done.stderr


def registered(project: Project) -> list[Path]:
    return sorted((project.root / ".mlops/models").rglob("*"))
