"""patches, gates, leftovers and cleanup: scheduled runs, with and without anything to do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from engine.tests.project import Project
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Runner
from engine.tests.workflows.granted import granted
from engine.tests.workflows.origin import FORK, Event
from local_kfp.tests.in_process import InProcessServer

SHA = "ab" * 20


@pytest.fixture(scope="module")
def github(on_github: Callable[..., Runner]) -> Runner:
    return on_github()


@pytest.fixture
def kubeflow(tmp_path: Path) -> Iterator[Kubeflow]:
    """An endpoint of its own, whose runs are stand-ins."""
    folder = tmp_path / "kubeflow"
    folder.mkdir()
    with InProcessServer(folder) as server:
        yield Kubeflow(server, folder)


@pytest.fixture
def with_endpoint(github: Runner, kubeflow: Kubeflow, tmp_path: Path) -> Runner:
    return replace(github, variables={"KUBEFLOW_HOST": kubeflow.url}, home=github.home / tmp_path.name)


@pytest.fixture
def schedule(github: Runner) -> Event:
    return github.origin.on_main("schedule", {"schedule": "23 4 * * 1"})


@pytest.fixture(autouse=True)
def switched(github_api: GitHubApi) -> None:
    """The workflows that are enabled and disabled."""
    github_api.workflows |= {"gates.yml": set(), "leftovers.yml": set()}


def test_patches_start_a_delivery_that_builds_every_image(
    with_endpoint, schedule, github_api: GitHubApi
) -> None:
    github_api.workflows["delivery.yml"] = {"weekly"}
    granted_here = granted(github_api, "patches/patches")

    run = with_endpoint.run("patches.yml", schedule, jobs=["patches"], **granted_here)

    assert run.results == {"patches": "success"}, run.printed
    assert [(each["workflow"], each["inputs"]) for each in github_api.dispatches] == [
        ("delivery.yml", {"weekly": "true"})
    ]


def test_patches_by_hand_need_no_endpoint(github, github_api: GitHubApi) -> None:
    github_api.workflows["delivery.yml"] = {"weekly"}
    event = github.origin.on_main("workflow_dispatch")

    run = github.run("patches.yml", event, **granted(github_api, "patches/patches"))

    assert run.results == {"patches": "success"}, run.printed
    assert len(github_api.dispatches) == 1


def test_a_failure_opens_one_issue_that_the_next_success_closes(
    github, schedule, github_api: GitHubApi
) -> None:
    allowed, numbers = granted(github_api, "report-failure/report-failure"), count(2001)

    def report(patches: str | dict) -> str:
        number = next(numbers)
        github_api.runs[number] = github_api.add_run(schedule.sha, "patches.yml")
        github_api.add_jobs(number, patches="failure" if patches == "failure" else "success")
        runner = replace(github, numbers=iter([number]))
        run = runner.run(
            "patches.yml", schedule, jobs=["report-failure"], given={"patches": patches}, **allowed
        )
        return run.results["report-failure / report-failure"]

    assert report("failure") == "success"
    (issue,) = github_api.issues.values()
    assert "patches" in issue["title"]
    assert report({"endpoint": "true"}) == "success"
    assert issue["state"] == "closed"


@pytest.mark.parametrize(
    ("workflow", "job"),
    [("gates", "gates"), ("leftovers", "leftovers / remove"), ("cleanup", "cleanup / remove")],
)
def test_without_an_endpoint_it_disables_the_schedule(
    github, github_api: GitHubApi, workflow: str, job: str
) -> None:
    event = github.origin.on_main("workflow_dispatch")

    run = github.run(f"{workflow}.yml", event, **granted(github_api, f"{workflow}/{workflow}"))

    assert run.results == {job: "success"}, run.printed
    assert "KUBEFLOW_HOST" in run.printed
    assert github_api.disabled == {"gates.yml" if workflow == "gates" else "leftovers.yml"}


def test_a_gate_whose_run_has_ended_is_run_again(
    with_endpoint, schedule, kubeflow: Kubeflow, github_api: GitHubApi
) -> None:
    github_api.add_pull(12, SHA)
    github_api.add_status(SHA, "gate", "pending", "the run goes on")
    last = github_api.add_run(SHA, conclusion="failure")
    kubeflow.start(kubeflow.upload("pr-12-evaluation"), f"pr-12-{SHA[:12]}")

    run = with_endpoint.run("gates.yml", schedule, jobs=["gates"], **granted(github_api, "gates/gates"))

    assert run.results == {"gates": "success"}, run.printed
    assert github_api.reruns == [last["id"]]
    assert github_api.disabled == {"gates.yml"}


def test_clean_up_of_a_closed_pull_request_can_be_repeated(
    users: Project, on_github, kubeflow: Kubeflow, docker_registry, github_api: GitHubApi, tmp_path
) -> None:
    project, repository = users.copied_to(tmp_path / "project"), docker_registry.new_repository()
    project.edit("mlops.yaml", ("images: {}", f"images: {{repository: {repository}}}"))
    project.commit()
    github = on_github(project)
    github.variables = {"KUBEFLOW_HOST": kubeflow.url}
    main, theirs = f"load_data-{'0' * 16}", f"{repository}-pull-requests"
    docker_registry.push(repository, main)
    for number in (12, 123):
        kubeflow.start(kubeflow.upload(f"pr-{number}-evaluation"), f"pr-{number}-{SHA[:12]}", "hang")
        docker_registry.push(theirs, f"{main}-pr{number}")
    closed = github.origin.pull_request(project)
    closed.payload["action"] = "closed"

    for _ in range(2):
        run = github.run("cleanup.yml", closed, **granted(github_api, "cleanup/cleanup"))

        assert run.results == {"cleanup / remove": "success"}, run.printed
        assert kubeflow.names()["pipelines"] == ["pr-123-evaluation"]
        assert kubeflow.names()["runs"] == [f"pr-123-{SHA[:12]}"]
        assert docker_registry.tags(theirs) == {f"{main}-pr123"}
        assert docker_registry.tags(repository) == {main}
        assert github_api.disabled == set()


def test_the_nightly_run_removes_what_was_missed(
    with_endpoint, schedule, kubeflow: Kubeflow, github_api: GitHubApi
) -> None:
    github_api.disabled = {"leftovers.yml"}
    for number, state in ((12, "closed"), (13, "open")):
        github_api.add_pull(number, SHA, state=state)
        kubeflow.start(kubeflow.upload(f"pr-{number}-evaluation"), f"pr-{number}-{SHA[:12]}", "hang")
    allowed = granted(github_api, "leftovers/leftovers", "leftovers/report-failure")

    run = with_endpoint.run("leftovers.yml", schedule, **allowed)

    ran = {"leftovers / remove": "success", "report-failure / report-failure": "success"}
    assert run.results == ran, run.printed
    assert kubeflow.names()["pipelines"] == ["pr-13-evaluation"]
    assert github_api.disabled == set()


def test_a_fork_leaves_nothing_to_remove(with_endpoint) -> None:
    closed = with_endpoint.origin.pull_request(with_endpoint.origin.project, repository=FORK)
    closed.payload["action"] = "closed"

    run = with_endpoint.run("cleanup.yml", closed)

    assert (run.status, run.results) == (0, {})
