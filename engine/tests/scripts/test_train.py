"""Tests of scripts/train.py: committed code is trained once, as it was deployed, and its verdict is the exit.

What a run of the pipeline does is in engine/tests/gate.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.tests.project import Project, copy_of_this_project
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.scripts.steps import Call
from engine.tests.scripts.test_promote import identical
from local_kfp.tests.in_process import InProcessServer, wait_until

JUDGING_RUN = Path(__file__).parents[1] / "standins/judging_run.py"
DAY = "2013-05-02"
Train = Callable[..., Call]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verdict and report that runs leave; they wait for them."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "report.html").write_text("<h1>A report</h1>")
    (folder / "report.md").write_text("# A report\n")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Iterator[InProcessServer]:
    command = (sys.executable, str(JUDGING_RUN), str(documents))
    with InProcessServer(tmp_path_factory.mktemp("kubeflow"), command) as running:
        yield running
    assert not running.departures


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return copy_of_this_project(tmp_path_factory.mktemp("project") / "project")


@pytest.fixture
def train(call: Callable[..., Call], project: Project, server: InProcessServer) -> Train:
    return lambda *words: call(project.root, "train", "--as-of", DAY, *words, KUBEFLOW_HOST=server.url)


def digests(project: Project, salt: str = "") -> Path:
    """What record_images writes; a salt gives other images of the same code."""
    from engine.images.images import name_all
    from engine.sources import GitIndex

    images = name_all(GitIndex(project.root), "registry.example/you/flights", salt)
    digest = f"@sha256:{'7' if salt else '8'}{'0' * 63}"
    path = project.root / f"build/images{salt}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({name: image.reference + digest for name, image in images.items()}))
    return path


def test_train_runs_the_deployed_version_and_never_twice_at_once(
    call, project, server, train, documents, tmp_path
):
    older = project.git("rev-parse", "HEAD")
    project.git("commit", "--quiet", "--allow-empty", "--message", "A newer one")
    client = open_client(server.url)
    others, left = Kubeflow(server, tmp_path).upload("others"), {"results_uri": tmp_path.as_uri()}
    under_way = [
        runs.start(client, others, f"train-{sha[:12]}-{DAY}", left | {"behave": "wait"})
        for sha in (older, "f" * 40)
    ]
    images = digests(project)
    assert "expected a pipeline training, found none" in train("--images", images).error
    assert call(project.root, "compile_pipelines", "--images", images, "--release").status == 0
    deployed = call(project.root, "deploy_pipelines", "--release", KUBEFLOW_HOST=server.url)
    assert deployed.status == 0, deployed.error

    first, second = train("--images", images, "--detach"), train("--images", images, "--detach")
    assert (first.status, second.status) == (0, 0), first.error
    assert first.outputs == second.outputs
    assert "under way already" in second.printed
    commit = project.git("rev-parse", "HEAD")
    assert [client.get_run(each).state for each in under_way] == ["FAILED", "RUNNING"]
    assert f"run train-{older[:12]}-{DAY}, of an older commit: ended, FAILED" in first.printed
    [run] = runs.find(client, f"train-{commit[:12]}")
    assert (run.id, run.name) == (first.outputs["run-id"], f"train-{commit[:12]}-{DAY}")
    assert run.parameters["as_of"] == DAY
    assert run.parameters["train_model_image"].startswith("registry.example/you/flights:train_model-")
    versions = client.list_pipeline_versions(client.get_run(run.id).pipeline_version_reference.pipeline_id)
    assert [re.sub("-.*", "", each.display_name) for each in versions.pipeline_versions] == [commit[:12]]

    (documents / "verdict.json").write_text(identical(verdict="INVALID", passed=False))
    wait_until(lambda: client.get_run(run.id).state == "SUCCEEDED")
    lost = train("--images", images)
    assert (lost.status, lost.summary) == (1, "# A report\n"), lost.error
    assert lost.outputs["run-id"] != run.id
    smoke = train("--images", digests(project, "2026w47"), "--smoke")  # patches of the same code
    assert (smoke.status, "INVALID" in smoke.printed) == (0, True), smoke.error


def test_only_committed_code_is_trained(project, train):
    project.edit("mlops.yaml", ("seed: 1", "seed: 2"))
    assert "expected committed code" in train("--detach").error
    project.commit()
    assert train("--detach").status == 0, "a parameter is no other pipeline"
    project.edit("mlops.yaml", ("memory: 2Gi", "memory: 5Gi"))
    project.commit()
    done = train("--detach")
    assert (done.status, "expected it deployed as this checkout has it" in done.error) == (2, True)


def test_the_local_server_ends_with_the_command_and_its_runs(call, project):
    done = call(project.root, "train", "--detach", KUBEFLOW_HOST="")
    assert (done.status, "--detach: expected KUBEFLOW_HOST" in done.error) == (2, True)
