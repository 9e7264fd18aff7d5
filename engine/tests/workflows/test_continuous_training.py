"""training.yml, monitoring.yml and inference.yml: GitHub as the clock, or as its watchdog."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.predictions.predictions import Predictions
from engine.tests.project import Project
from engine.tests.seaweedfs import SeaweedFS
from engine.tests.standins.github_api import GitHubApi
from engine.tests.standins.message_receiver import MessageReceiver, ReceivedMessage, message_receiver
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.granted import granted
from local_kfp.tests.in_process import InProcessServer

REPORT = "report-failure / report-failure"
QUICK = (  # to train: three weeks, few trees; and old after ten days
    ("as_of: 2013-09-02", "as_of: 2013-04-16"),
    ("training_days: 194", "training_days: 21"),
    ("evaluation_days: 49", "evaluation_days: 21"),
    ("max_iter: 100", "max_iter: 30"),
    ("floor: 0.6", "floor: 0.5"),
    ("start: nested", "start: github"),
    ("windows: 2", "windows: 1"),
    ("alarms: 2 ", "alarms: 1 "),
    ("maximum_age_days: 182", "maximum_age_days: 10"),
)
Start = Callable[..., Run]


@pytest.fixture(scope="module")
def github(users: Project, on_github: Callable[..., Runner], tmp_path_factory) -> Runner:
    project = users.copied_to(tmp_path_factory.mktemp("continuous") / "project")
    project.edit("mlops.yaml", *QUICK)
    project.commit()
    return on_github(project)


@pytest.fixture(scope="module")
def store(seaweedfs: SeaweedFS) -> str:
    return seaweedfs.new_folder()


@pytest.fixture(scope="module")
def receiver() -> Iterator[MessageReceiver]:
    with message_receiver() as receiver:
        yield receiver


@pytest.fixture
def messages(receiver: MessageReceiver) -> list[ReceivedMessage]:
    """Those that arrive during the test."""
    receiver.messages.clear()
    return receiver.messages


@pytest.fixture(scope="module")
def with_models(github: Runner, store: str, seaweedfs: SeaweedFS, receiver: MessageReceiver) -> Runner:
    """An environment with a model registry on S3, and no endpoint; messages go to the receiver."""
    access = seaweedfs.environment("admin")
    variables = {
        "MODEL_REGISTRY_URI": f"{store}/models",
        "PREDICTIONS_URI": f"{store}/predictions",
        "AWS_ENDPOINT_URL": access["AWS_ENDPOINT_URL"],
        "AWS_REGION": access["AWS_DEFAULT_REGION"],
    }
    secrets = {name: access[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    secrets["NOTIFY_URL"] = receiver.address
    return replace(github, variables=variables, secrets=secrets, home=github.home / "models")


@pytest.fixture
def registry(store: str, s3_identity: Any) -> ModelRegistry:
    return ModelRegistry(f"{store}/models", "flight-delays")


@pytest.fixture
def start(github_api: GitHubApi) -> Start:
    """Call it with a runner, a workflow and, if it is not the clock that starts it, its inputs."""

    def run(runner: Runner, workflow: str, inputs: dict[str, str] | None = None, **options: Any) -> Run:
        event = (
            runner.origin.on_main("schedule", {"schedule": "47 5 1 * *"})
            if inputs is None
            else runner.origin.on_main("workflow_dispatch", {"inputs": inputs})
        )
        for number in range(1001, 1030):
            github_api.runs[number] = github_api.add_run(event.sha, f"{workflow}.yml", None)
            github_api.add_jobs(number, run="failure")
        allowed = granted(github_api, "report-failure/report-failure", "run-scheduled/start")
        return runner.run(f"{workflow}.yml", event, **options, **allowed)

    return run


def ran(workflow: str, **results: str) -> dict[str, str]:
    """The results of jobs that `workflow` called, and of the report on them."""
    return {f"{workflow} / {job}": result for job, result in results.items()} | {REPORT: "success"}


def test_without_a_model_registry_it_says_that_it_skips(github, start, github_api: GitHubApi) -> None:
    run = start(github, "monitoring")

    assert (run.status, run.results) == (0, {"monitoring / plan": "success"}), run.printed
    assert "monitoring: skipped: no model registry" in run.job("monitoring / plan").summary
    assert github_api.issues == {}


def test_the_schedule_trains_the_first_champion(with_models, start, registry, messages) -> None:
    run = start(with_models, "training")

    assert run.results == ran("training", plan="success", run="success"), run.printed
    assert registry.champion()["verdict"]["as_of"] == "2013-04-16"
    assert (run.artifacts / "verdict/files/verdict.json").exists()
    assert "runs on this runner" in run.job("training / plan").summary
    assert [each["title"] for each in messages] == ["you/flight-delays: training"]
    assert "the new model is the champion now: NO_CHAMPION, " in messages[0]["message"]


def test_the_champion_predicts_the_day_that_a_person_asks_for(with_models, start, registry, store) -> None:
    run = start(with_models, "inference", {"as-of": "2013-04-17"})

    assert run.results == ran("inference", plan="success", run="success"), run.printed
    manifest = Predictions(f"{store}/predictions", "flight-delays").manifest("2013-04-17")
    assert manifest["model_version"] == registry.champion()["version"]


def test_an_alarm_starts_a_training_once_github_lets_it(
    with_models, start, registry, github_api: GitHubApi, messages
) -> None:
    run = start(with_models, "monitoring", {"as-of": "2013-04-30"})

    assert run.results == ran("monitoring", plan="success", run="success", start="failure"), run.printed
    assert "404 Not Found" in run.printed
    assert "waits for the next run to try again" in run.printed
    assert (run.artifacts / "monitoring/files/monitoring.html").exists()
    (issue,) = github_api.issues.values()
    assert issue["title"] == "The workflow monitoring fails"
    assert [each["title"] for each in messages] == ["you/flight-delays: monitoring failed"]
    assert "ALARM: " in messages.pop()["message"]

    github_api.workflows["training.yml"] = {"as-of"}
    for _ in range(2):
        again = start(with_models, "monitoring", {"as-of": "2013-04-30"})
        assert again.results["monitoring / start"] == "success", again.printed
    assert [each["inputs"] for each in github_api.dispatches] == [{"as-of": "2013-04-30"}]
    assert "you/flight-delays: monitoring succeeds again" in [each["title"] for each in messages]
    assert [each["reasons"] for each in registry.monitored()[0]["alarms"]] == [["age"]]


def test_a_model_that_loses_opens_an_issue_with_the_report(
    with_models, start, registry, github_api: GitHubApi, messages
) -> None:
    project, champion = with_models.origin.project, registry.champion()["version"]
    project.edit("mlops.yaml", ("max_iter: 30", "max_iter: 1"))
    project.commit()
    with_models.origin.push(project)

    run = start(with_models, "training", {"as-of": "2013-04-30"})

    assert run.results == ran("training", plan="success", run="failure"), run.printed
    assert registry.champion()["version"] == champion
    (issue,) = github_api.issues.values()
    assert "does not pass" in issue["body"], "the report"
    assert "the new model lost, the champion stays: " in messages[0]["message"]
    assert (run.artifacts / "verdict/files/verdict.json").exists()


def test_recurring_runs_of_an_endpoint_are_watched(
    with_models, start, tmp_path: Path, github_api: GitHubApi
) -> None:
    with InProcessServer(tmp_path) as kubeflow:
        watching = replace(
            with_models,
            variables=with_models.variables | {"KUBEFLOW_HOST": kubeflow.url},
            home=with_models.home / "watched",
        )
        run = start(watching, "training")

    assert run.results == ran("training", plan="failure"), run.printed
    assert "only watched" in run.job("training / plan").summary
    assert "training: missing: expected a recurring run, found none" in run.printed
    assert len(github_api.issues) == 1
