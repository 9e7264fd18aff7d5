"""pr.yml: each kind of pull request in its good and its bad way, run as GitHub would run it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.lib import images
from scripts.lib.sources import GitIndex
from tests.docker_registry import DockerRegistry
from tests.template.containers.engine import Engine
from tests.template.project import Project
from tests.template.workflows.act import Runner

FEATURES = "components/build_features/features.py"
SAME_MODEL = ('"carrier": flights["carrier"]', '"carrier": flights["carrier"].copy()')


@pytest.fixture(scope="module")
def github(
    users: Project, on_github: Callable[..., Runner], docker_registry: DockerRegistry, tmp_path_factory
) -> Runner:
    """A repository whose images are published, all of main's."""
    project = users.copied_to(tmp_path_factory.mktemp("base") / "project")
    repository = docker_registry.new_repository()
    project.edit("mlops.yaml", ("images: {}", f"images: {{repository: {repository}}}"))
    project.commit()
    for image in images.name_all(GitIndex(project.root), repository).values():
        docker_registry.push(repository, image.tag)
    return on_github(project)


@pytest.fixture
def change(github: Runner, tmp_path: Path) -> Project:
    return github.origin.project.copied_to(tmp_path / "change")


def test_dev(github: Runner, change: Project, engine: Engine) -> None:
    change.edit(FEATURES, SAME_MODEL)
    change.commit()
    image = images.name_all(GitIndex(change.root), "localhost/x")["build_features"]
    item = {
        "component": "build_features",
        "tag": image.tag,
        "checkout": "candidate",
        "context": f"candidate/.mlops/images/{image.tag}",
        "dockerfile": f"candidate/.mlops/images/{image.tag}/components/build_features/Dockerfile",
        "cache-scope": "build_features",
    }
    plan = {
        "gate": "local",
        "push": "false",
        "plumbing": "false",
        "matrix": json.dumps([item]),
        "salt": "",
        "number": "12",
    }
    run = github.run(
        "pr.yml",
        github.origin.pull_request(change),
        jobs=["build", "gate", "ci-passed"],
        given={"plan": plan, "checks": {}},
    )
    for name, jobs in run.jobs.items():
        for job in jobs:
            print("##", name, job.result, job.matrix)
            for n, s in job.steps.items():
                print(
                    "   ",
                    s.result,
                    round(s.seconds, 2),
                    n,
                    s.printed[-1500:] if s.result != "success" else s.printed[-200:],
                )
    print(run.printed[-3000:])
    assert run.status == 0
