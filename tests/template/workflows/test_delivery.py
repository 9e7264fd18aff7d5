"""delivery.yml: what was merged goes as far as there are settings for, and no further than it may."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.shared.model_registry import ModelRegistry
from scripts.lib import images, kfp_lists
from scripts.lib.endpoint import open_client
from scripts.lib.sources import GitIndex
from scripts.local_kfp.start import local_kfp
from tests.docker_registry import DockerRegistry
from tests.template.project import Project
from tests.template.standins.github_api import GitHubApi
from tests.template.workflows.act import Runner
from tests.template.workflows.granted import granted

REPORT = "report-failure / report-failure"
REVIEWERS = {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ann"}}]}
BUILT = {"plan": "success", "compile": "success"}


@pytest.fixture(scope="module")
def merged(users: Project, docker_registry: DockerRegistry, tmp_path_factory) -> Project:
    """A project whose images are all there, and staged where a local KFP server finds them."""
    project = users.copied_to(tmp_path_factory.mktemp("merged") / "project")
    repository = docker_registry.new_repository()
    project.edit("mlops.yaml", ("images: {}", f"images: {{repository: {repository}}}"))
    project.commit()
    for image in images.stage_all(GitIndex(project.root), repository).values():
        docker_registry.push(repository, image.tag)
    return project


@pytest.fixture(scope="module")
def github(merged: Project, on_github: Callable[..., Runner]) -> Runner:
    return on_github(merged)


@pytest.fixture(scope="module")
def settings(merged: Project, tmp_path_factory) -> Iterator[dict[str, str]]:
    folder: Path = tmp_path_factory.mktemp("endpoint")
    with local_kfp(folder / "kfp", merged.root / ".mlops/images") as url:
        yield {"KUBEFLOW_HOST": url, "MODEL_REGISTRY_URI": (folder / "models").as_uri()}


def test_a_fresh_copy_ends_with_images_and_pipelines(github, github_api: GitHubApi) -> None:
    run = github.run(
        "delivery.yml", github.origin.push(), **granted(github_api, "report-failure/report-failure")
    )

    assert run.results == BUILT | {"staging": "success", REPORT: "success"}, run.printed
    assert "skipped, for KUBEFLOW_HOST, MODEL_REGISTRY_URI is not set" in run.job("staging").summary
    kept = run.artifacts / "pipelines/files"
    assert {path.stem for path in (kept / "pipelines").glob("*.yaml")} >= {"training", "evaluation"}
    assert all("@sha256:" in each for each in json.loads((kept / "images.json").read_text()).values())


def test_what_was_merged_reaches_production_once_it_is_protected(
    github: Runner, settings: dict[str, str], github_api: GitHubApi
) -> None:
    github = replace(github, variables=settings, home=github.home / "endpoint")
    github_api.environments["production"] = {"name": "production", "protection_rules": [REVIEWERS]}
    allowed = granted(github_api, "report-failure/report-failure", "delivery/protection")

    run = github.run("delivery.yml", github.origin.push(), **allowed)

    ran = BUILT | dict.fromkeys(("staging", "protection", "production", "collect", REPORT), "success")
    assert run.results == ran, run.printed
    client = open_client(settings["KUBEFLOW_HOST"])
    assert {each.display_name for each in kfp_lists.pipelines(client, "")} >= {"training", "evaluation"}
    assert ModelRegistry(settings["MODEL_REGISTRY_URI"], "flight-delays").champion()
    started = run.job("production").step("scripts.train").outputs["run-id"]
    assert started != run.job("staging").step("scripts.train").outputs["run-id"]
    assert client.get_run(started).display_name.startswith("train-")


def test_production_that_nothing_protects_is_not_deployed_to(github: Runner, github_api: GitHubApi) -> None:
    github_api.environments["production"] = {"name": "production", "protection_rules": []}

    run = github.run(
        "delivery.yml",
        github.origin.push(),
        jobs=["protection", "production", "collect"],
        given={"staging": {"superseded": "false"}},
        **granted(github_api, "delivery/protection"),
    )

    assert run.results == {"staging": "success", "protection": "failure"}
    assert "expected required reviewers, found nothing" in run.printed
