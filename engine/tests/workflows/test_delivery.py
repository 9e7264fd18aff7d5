"""delivery.yml: what was merged goes as far as there are settings for, and no further than it may."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from engine.images import images
from engine.kubeflow import kfp_lists
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.local_server import local_kfp
from engine.model_registry.model_registry import ModelRegistry
from engine.sources import GitIndex
from engine.tests.containers.container_engine import Engine
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project
from engine.tests.standins.github_api import GitHubApi, running_github_api
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.granted import granted

REPORT = "report-failure / report-failure"
REVIEWERS = {"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ann"}}]}
RECORDED = "images / record"
BUILT = {"plan": "success", "compile": "success"}


@pytest.fixture(scope="module")
def repository(docker_registry: DockerRegistry) -> str:
    return docker_registry.new_repository()


@pytest.fixture(scope="module")
def merged(users: Project, docker_registry: DockerRegistry, repository: str, tmp_path_factory) -> Project:
    """A project whose images are all there, and staged where a local KFP server finds them."""
    project = users.copied_to(tmp_path_factory.mktemp("merged") / "project")
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
    assert "skipped: KUBEFLOW_HOST and MODEL_REGISTRY_URI are not set" in run.job("staging").summary
    kept = run.artifacts / "pipelines/files"
    assert {path.stem for path in (kept / "pipelines").glob("*.yaml")} >= {"training", "evaluation"}
    assert all("@sha256:" in each for each in json.loads((kept / "images.json").read_text()).values())


@pytest.fixture(scope="module")
def delivered(github: Runner, settings: dict[str, str]) -> Run:
    """A delivery to an endpoint, whose production needs an approval."""
    github = replace(github, variables=settings, home=github.home / "endpoint")
    with running_github_api() as api:
        api.environments["production"] = {"name": "production", "protection_rules": [REVIEWERS]}
        allowed = granted(api, "report-failure/report-failure", "delivery/protection")
        return github.run("delivery.yml", github.origin.push(), **allowed)


def test_a_merged_commit_reaches_a_protected_production(delivered: Run, settings: dict[str, str]) -> None:
    ran = BUILT | dict.fromkeys(("staging", "protection", "production", "collect", REPORT), "success")
    assert delivered.results == ran, delivered.printed
    client = open_client(settings["KUBEFLOW_HOST"])
    assert {each.display_name for each in kfp_lists.pipelines(client, "")} >= {"training", "evaluation"}
    assert ModelRegistry(settings["MODEL_REGISTRY_URI"], "flight-delays").champion()
    started = delivered.job("production").step("Start the training").outputs["run-id"]
    assert started != delivered.job("staging").step("Train a smoke run").outputs["run-id"]
    assert client.get_run(started).display_name.startswith("train-")
    declared = {f"flight-delays-{name}" for name in ("training", "monitoring", "inference")}
    assert {each.display_name for each in kfp_lists.recurring_runs(client)} == declared


def test_a_delivered_model_is_trained_again_by_hand(
    github: Runner, delivered: Run, settings: dict[str, str]
) -> None:
    github = replace(github, variables=settings, home=github.home / "retrain")
    inputs = {"command": "retrain", "environment": "production"}

    run = github.run("operate.yml", github.origin.on_main("workflow_dispatch", {"inputs": inputs}))

    assert run.results == {RECORDED: "success", "retrain": "success"}, run.printed
    verdict = json.loads((run.artifacts / "verdict/files/verdict.json").read_text())
    assert (verdict["verdict"], verdict["passed"]) == ("IDENTICAL", True)
    assert (run.artifacts / "report-1.html").is_dir() and "IDENTICAL" in run.job("retrain").summary


def test_a_delivered_pipeline_runs_on_the_endpoint_by_schedule_and_by_hand(
    github: Runner, delivered: Run, settings: dict[str, str], github_api: GitHubApi
) -> None:
    github = replace(github, variables=settings, home=github.home / "clock")
    allowed = granted(github_api, "report-failure/report-failure", "run-scheduled/start")
    clock = github.origin.on_main("schedule", {"schedule": "47 6 * * 1"})
    asked = github.origin.on_main("workflow_dispatch", {"inputs": {}})

    watched = github.run("monitoring.yml", clock, **allowed)
    trained = github.run("training.yml", asked, **allowed)

    assert watched.results == ran("monitoring", "plan", "start"), watched.printed
    assert "monitoring: its last run is well, or not due yet" in watched.printed
    assert trained.results == ran("training", "plan", "run") | {RECORDED: "success"}, trained.printed
    assert settings["KUBEFLOW_HOST"] in trained.job("training / run").step("Train a candidate").printed


def ran(workflow: str, *jobs: str) -> dict[str, str]:
    return dict.fromkeys([*(f"{workflow} / {job}" for job in jobs), REPORT], "success")


@pytest.mark.containers
def test_once_a_week_images_are_built_again_and_attested(
    github: Runner, merged: Project, repository: str, docker_registry: DockerRegistry, engine: Engine
) -> None:
    """One of them, because the others were built this week."""
    week = f"{datetime.now(UTC):%Gw%V}"
    named = images.name_all(GitIndex(merged.root), repository, week)
    for component, image in named.items():
        if component != "build_features":
            docker_registry.push(repository, image.tag)
    weekly = github.origin.on_main("workflow_dispatch", {"inputs": {"weekly": "true"}})

    run = github.run("delivery.yml", weekly, jobs=["plan", "build", "compile"])

    assert run.results == BUILT | {"build": "success"}, run.printed
    built = named["build_features"]
    assert [each["tags"] for each in run.used("docker/build-push-action")] == [built.reference]
    digest = run.jobs["build"][0].step("Build the image").outputs["digest"]
    (attested,) = run.used("actions/attest")
    assert (attested["subject-name"], attested["subject-digest"]) == (repository, digest)
    assert attested["push-to-registry"] == "true"
    references = json.loads((run.artifacts / "pipelines/files/images.json").read_text())
    assert references["build_features"] == f"{built.reference}@{digest}"
    assert all(f"-{week}@sha256:" in reference for reference in references.values())


def test_images_are_attested_where_github_does(merged: Project, on_github, tmp_path: Path) -> None:
    """The condition of delivery.yml alone, for four plans at once."""
    project = merged.copied_to(tmp_path / "project")
    delivery = yaml.safe_load((project.root / ".github/workflows/delivery.yml").read_text())
    (condition,) = (
        step["if"] for step in delivery["jobs"]["build"]["steps"] if "attest" in step.get("uses", "")
    )
    private, server = "github.event.repository.private", "github.server_url"
    plans = {
        "public": {},
        "private": {private: "true"},
        "enterprise-cloud": {private: "true", "vars.ATTEST": "'true'"},
        "enterprise-server": {server: "'https://github.acme.example'"},
    }
    jobs = {}
    for plan, values in plans.items():
        expression = condition
        for name, value in values.items():
            assert name in expression
            expression = expression.replace(name, value)
        jobs[plan] = {"runs-on": "ubuntu-24.04", "if": expression, "steps": [{"run": "exit 0"}]}
    workflow = {"name": "attest", "on": {"push": {}}, "jobs": jobs}
    (project.root / ".github/workflows/attest.yml").write_text(yaml.safe_dump(workflow))
    project.commit()
    github = on_github(project)

    run = github.run("attest.yml", github.origin.push())

    assert run.results == dict.fromkeys(("public", "enterprise-cloud"), "success"), run.printed


def test_another_branch_is_not_delivered(github: Runner) -> None:
    dispatched = github.origin.on_main("workflow_dispatch", {"inputs": {"weekly": "false"}})

    run = github.run("delivery.yml", replace(dispatched, ref="refs/heads/a-change"), jobs=["plan"])

    assert run.results == {"plan": "failure"}
    assert "refs/heads/a-change: expected the default branch main" in run.printed
    assert "Plan the images" not in run.job("plan").steps


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
