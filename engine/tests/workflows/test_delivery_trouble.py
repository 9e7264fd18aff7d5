"""delivery.yml where something is missing, refused, overtaken, failing or cancelled: what was there stays."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Run, Runner, Started
from engine.tests.workflows.granted import granted
from engine.tests.workflows.origin import Event
from engine.tests.workflows.users import FEATURES, SAME_MODEL, publish_images
from local_kfp.server import pipelines as served
from local_kfp.server.errors import invalid
from local_kfp.tests.in_process import STANDIN, InProcessServer, wait_until

AFTER_COMPILE = ["staging", "protection", "production", "collect"]
NUMBERS = count(2001)


@pytest.fixture(scope="module")
def merged(users: Project, docker_registry: DockerRegistry, tmp_path_factory) -> Project:
    """A project whose images are published, with what its job compile keeps in build/."""
    project = users.copied_to(tmp_path_factory.mktemp("merged") / "project")
    references = publish_images(project, docker_registry)
    done = project.run("compile_pipelines", "--images", str(references), "--release")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def github(merged: Project, on_github: Callable[..., Runner]) -> Runner:
    return on_github(merged)


@pytest.fixture
def kubeflow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kubeflow]:
    """An endpoint on which every run does as the test's parameter says, or succeeds and leaves no verdict."""
    folder = tmp_path / "kubeflow"
    folder.mkdir()
    behave = getattr(request, "param", "succeed")
    with InProcessServer(folder, ("env", f"BEHAVE={behave}", *STANDIN)) as server:
        yield Kubeflow(server, folder)


@pytest.fixture
def deliver(
    github: Runner, merged: Project, kubeflow: Kubeflow, tmp_path: Path
) -> Callable[..., AbstractContextManager[Started]]:
    """Call it with an event, and what comes after the job compile goes on, with an endpoint for staging."""
    settings = {"KUBEFLOW_HOST": kubeflow.url, "MODEL_REGISTRY_URI": (tmp_path / "models").as_uri()}

    @contextmanager
    def start(event: Event, jobs: list[str], number: int, **environment: str) -> Iterator[Started]:
        runner = replace(github, variables=settings, numbers=iter([number]))
        kept = github.origin.folder / f"artifacts/{number}/pipelines"
        shutil.copytree(merged.root / "build", kept / "files")
        described = {"id": 1, "name": "pipelines", "archive": True, "digest": "0" * 64}
        (kept / "artifact.json").write_text(json.dumps(described))
        given = {"compile": {}} | ({"plan": {}, "build": "skipped"} if "report-failure" in jobs else {})
        with runner.started("delivery.yml", event, jobs=jobs, given=given, **environment) as started:
            yield started

    return start


def ended(started: AbstractContextManager[Started]) -> Run:
    with started as run:
        return run.end()


def test_without_a_digest_nothing_is_compiled_or_deployed(github: Runner, merged: Project, tmp_path) -> None:
    change = merged.copied_to(tmp_path / "change")
    change.edit(FEATURES, SAME_MODEL)
    change.commit()

    run = github.run(
        "delivery.yml",
        github.origin.push(change),
        jobs=["compile", *AFTER_COMPILE],
        given={"plan": {"salt": ""}, "build": {}},
    )

    assert run.results == {"plan": "success", "build": "success", "compile": "failure"}
    said = run.job("compile").step("Compile the pipelines").printed
    assert "build_features: expected a digest in build/digests or a published image, found neither" in said
    assert not (run.artifacts / "pipelines").exists()


def test_an_overtaken_commit_changes_nothing_and_is_no_failure(
    deliver, github: Runner, merged: Project, kubeflow: Kubeflow, tmp_path
) -> None:
    older = github.origin.push()
    change = merged.copied_to(tmp_path / "change")
    change.git("commit", "--quiet", "--allow-empty", "--message", "A newer one")
    newest = f"{github.origin.push(change).sha[:12]}-{'0' * 12}"
    there = kubeflow.upload("training", newest)

    run = ended(deliver(older, AFTER_COMPILE, next(NUMBERS)))

    assert (run.status, run.results) == (0, {"compile": "success", "staging": "success"}), run.printed
    assert f"Nothing deployed: training {newest} is of a later commit" in run.job("staging").summary
    assert kubeflow.versions(there.pipeline_id) == [newest]
    assert (kubeflow.names()["pipelines"], kubeflow.names()["runs"]) == (["training"], [])


def test_a_failed_deployment_leaves_the_version_before_and_opens_the_issue(
    deliver, github: Runner, merged: Project, kubeflow: Kubeflow, github_api: GitHubApi, monkeypatch
) -> None:
    before = f"{merged.git('rev-parse', 'HEAD~1')[:12]}-{'0' * 12}"
    there = kubeflow.upload("evaluation", before)
    event, number = github.origin.push(), next(NUMBERS)
    github_api.runs[number] = github_api.add_run(event.sha, "delivery.yml")
    github_api.add_jobs(number, staging="failure")
    add, uploads = served._add_version, []

    def refuse_the_second(*arguments):
        uploads.append(arguments)
        if len(uploads) == 2:
            raise invalid("the quota is used up")
        return add(*arguments)

    monkeypatch.setattr(served, "_add_version", refuse_the_second)
    allowed = granted(github_api, "report-failure/report-failure")

    run = ended(deliver(event, [*AFTER_COMPILE, "report-failure"], number, **allowed))

    expected = {"staging": "failure", "report-failure / report-failure": "success"}
    assert run.results == {"plan": "success", "compile": "success"} | expected, run.printed
    assert "the quota is used up" in run.job("staging").step("Deploy the pipelines").printed
    assert kubeflow.versions(there.pipeline_id) == [before]
    assert (kubeflow.names()["pipelines"], kubeflow.names()["runs"]) == (["evaluation"], [])
    (issue,) = github_api.issues.values()
    assert "delivery" in issue["title"] and "staging" in issue["body"]


@pytest.mark.parametrize("kubeflow", ["fail"], indirect=True)
def test_a_failed_smoke_run_blocks_production(deliver, github: Runner, kubeflow: Kubeflow) -> None:
    event = github.origin.push()

    run = ended(deliver(event, AFTER_COMPILE, next(NUMBERS)))

    assert run.results == {"compile": "success", "staging": "failure"}
    assert "expected a run that ends with a verdict, found FAILED" in run.printed
    (name,) = kubeflow.names()["runs"]
    assert name.startswith(f"train-{event.sha[:12]}-")


@pytest.mark.parametrize("kubeflow", ["hang"], indirect=True)
def test_a_cancelled_staging_ends_the_training(deliver, github: Runner, kubeflow: Kubeflow) -> None:
    event = github.origin.push()

    def states() -> list[str]:
        return [run.state for run in kubeflow.client.list_runs().runs or []]

    with deliver(event, AFTER_COMPILE, next(NUMBERS)) as started:
        wait_until(lambda: states() == ["RUNNING"])
        os.kill(started.process.pid, signal.SIGINT)
        run = started.end()

    assert run.results == {"compile": "success", "staging": "failure"}
    assert "Terminate the smoke run" in run.job("staging").steps
    wait_until(lambda: states() == ["FAILED"])
