"""patches.yml, gates.yml and cleanup.yml: what the clock starts, with and without anything to do."""

from collections.abc import Callable

import pytest

from tests.template.standins.github_api import GitHubApi
from tests.template.workflows.act import Runner
from tests.template.workflows.granted import granted
from tests.template.workflows.origin import Event


@pytest.fixture(scope="module")
def github(on_github: Callable[..., Runner]) -> Runner:
    return on_github()


@pytest.fixture
def schedule(github: Runner) -> Event:
    return github.origin.on_main("schedule", {"schedule": "23 4 * * 1"})


def test_patches_start_a_delivery_that_builds_every_image(github, schedule, github_api: GitHubApi) -> None:
    github_api.workflows["delivery.yml"] = {"weekly"}

    run = github.run("patches.yml", schedule, jobs=["patches"], **granted(github_api, "patches/patches"))

    assert run.results == {"patches": "success"}, run.printed
    assert [(each["workflow"], each["inputs"]) for each in github_api.dispatches] == [
        ("delivery.yml", {"weekly": "true"})
    ]


def test_a_failure_opens_one_issue_that_the_next_success_closes(
    github, schedule, github_api: GitHubApi
) -> None:
    allowed = granted(github_api, "report-failure/report-failure")

    def report(patches: str | dict) -> str:
        number = 1001 + github.runs  # as the runner will name its run
        github_api.runs[number] = github_api.add_run(schedule.sha, "patches.yml")
        github_api.add_jobs(number, patches="failure" if patches == "failure" else "success")
        run = github.run(
            "patches.yml", schedule, jobs=["report-failure"], given={"patches": patches}, **allowed
        )
        return run.results["report-failure / report-failure"]

    assert report("failure") == "success"
    (issue,) = github_api.issues.values()
    assert "patches" in issue["title"]
    assert report({}) == "success"
    assert issue["state"] == "closed"


@pytest.mark.parametrize("workflow", ["gates.yml", "cleanup.yml"])
def test_without_an_endpoint_there_is_nothing_to_do(
    github, schedule, github_api: GitHubApi, workflow: str
) -> None:
    job = workflow.removesuffix(".yml")

    run = github.run(workflow, schedule, jobs=[job], **granted(github_api, f"{job}/{job}"))

    assert run.results == {job: "success"}, run.printed
    assert "KUBEFLOW_HOST" in run.printed
