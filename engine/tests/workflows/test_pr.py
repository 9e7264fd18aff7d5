"""pr.yml: each kind of pull request in its good and its bad way, run as GitHub would run it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from engine.tests.containers.container_engine import Engine
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project
from engine.tests.seaweedfs import SeaweedFS
from engine.tests.standins.github_api import GitHubApi
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.endpoint import Endpoint, running_endpoint
from engine.tests.workflows.granted import granted
from engine.tests.workflows.origin import FORK
from engine.tests.workflows.users import FEATURES, SAME_MODEL, publish_images

LOCAL = {"gate": "local", "plumbing": "false", "number": "12", "matrix": "[]", "place": ""}
ENDPOINT = LOCAL | {"gate": "endpoint"}
SECONDS = 60


@pytest.fixture(scope="module")
def github(
    users: Project, on_github: Callable[..., Runner], docker_registry: DockerRegistry, tmp_path_factory
) -> Runner:
    """A repository with nothing set, the images of its main branch published."""
    project = users.copied_to(tmp_path_factory.mktemp("base") / "project")
    publish_images(project, docker_registry)
    return on_github(project)


@pytest.fixture
def change(github: Runner, tmp_path: Path) -> Project:
    return github.origin.project.copied_to(tmp_path / "change")


def pull_request(github: Runner, change: Project, path: str, *edits: tuple[str, str], **more: Any) -> Any:
    change.edit(path, *edits)
    change.commit()
    return github.origin.pull_request(change, **more)


def verdict(run: Run) -> dict[str, Any]:
    return json.loads((run.artifacts / "verdict/files/verdict.json").read_text())


@pytest.mark.containers
def test_one_changed_component_is_built_tested_and_judged_on_the_runner(
    github: Runner, change: Project, engine: Engine
) -> None:
    """With environments that come from the package index, which other runs have as copies."""
    run = github.run("pr.yml", pull_request(github, change, FEATURES, SAME_MODEL), STANDINS_AFRESH="yes")

    jobs = ("plan", "checks / tests", "build", "candidate", "gate", "ci-passed")
    assert run.results == dict.fromkeys(jobs, "success"), run.printed
    plan = run.job("plan").step("Plan the pull request").outputs
    assert (plan["gate"], plan["plumbing"]) == ("local", "false")
    assert [job.matrix["component"] for job in run.jobs["build"]] == ["build_features"]
    assert [built["push"] for built in run.used("docker/build-push-action")] == ["false"]
    assert "1 passed" in run.job("checks / tests").step("Test components").printed
    assert verdict(run)["verdict"] == "IDENTICAL"
    assert (run.artifacts / "report-1.html").is_dir() and "IDENTICAL" in run.job("gate").summary


def test_documentation_alone_is_neither_built_nor_judged(github: Runner, change: Project) -> None:
    """Nor on the way to another base, for which all is planned again."""
    event = pull_request(github, change, "README.md", ("\n## ", "\n## On "))
    event.payload.update(action="edited", changes={"base": {"ref": {"from": "next"}}})

    run = github.run(
        "pr.yml", event, jobs=["plan", "build", "candidate", "gate", "ci-passed"], given={"checks": {}}
    )

    assert run.results == dict.fromkeys(("plan", "checks", "ci-passed"), "success"), run.printed
    assert run.job("plan").step("Plan the pull request").outputs["gate"] == "none"


def test_a_new_title_is_no_new_judgement(github: Runner, change: Project) -> None:
    event = github.origin.pull_request(change)
    event.payload.update(action="edited", changes={"title": {"from": "Change"}})

    run = github.run(
        "pr.yml", event, jobs=["plan", "build", "candidate", "gate", "ci-passed"], given={"checks": {}}
    )

    assert run.results == {"checks": "success"}, run.printed


@pytest.mark.parametrize("who", ["eve", "dependabot[bot]", "the merge queue"])
def test_a_pull_request_without_secrets_is_judged_on_the_runner(
    github: Runner, change: Project, who: str
) -> None:
    change.edit(FEATURES, SAME_MODEL)
    change.commit()
    events = {
        "eve": lambda: github.origin.pull_request(change, repository=FORK, author="eve"),
        "dependabot[bot]": lambda: github.origin.pull_request(change, author="dependabot[bot]"),
        "the merge queue": lambda: github.origin.merge_group(change),
    }

    run = github.run("pr.yml", events[who](), jobs=["plan"])

    assert run.results == {"plan": "success"}, run.printed
    plan = run.job("plan").step("Plan the pull request").outputs
    assert (plan["gate"], plan["number"]) == ("local", "12")
    matrix = json.loads(run.job("plan").step("Plan images").outputs["matrix"])
    assert [each["component"] for each in matrix] == ["build_features"]


def test_a_change_of_the_judge_is_judged_by_the_base(
    github: Runner, change: Project, github_api: GitHubApi
) -> None:
    """A model that loses, with a policy, a comparison and a last check that would let it pass."""
    change.edit(
        "mlops.yaml", ("max_iter: 100", "max_iter: 1, max_depth: 1"), ("margin: 0.005", "margin: 0.9")
    )
    change.edit("components/compare_models/main.py", ("def main", "raise SystemExit(0)\n\n\ndef main"))
    (change.root / "scripts/ci/check_needs.py").write_text("")
    change.commit()
    event = github.origin.pull_request(change)
    github_api.add_pull(12, event.payload["pull_request"]["head"]["sha"])

    run = github.run(
        "pr.yml",
        event,
        jobs=["plan", "candidate", "gate", "ci-passed"],
        given={"checks": {}, "build": {}},
        **granted(github_api, "pr/gate"),
    )

    assert run.results == {
        "plan": "success",
        "checks": "success",
        "build": "success",
        "candidate": "success",
        "gate": "failure",
        "ci-passed": "failure",
    }, run.printed
    assert run.job("plan").step("Plan the pull request").outputs["plumbing"] == "true"
    assert "counts after the merge: `scripts/ci/check_needs.py`" in run.job("plan").summary
    for judge in ("mlops.yaml: policies", "components/compare_models", "scripts/ci/check_needs.py"):
        assert f"`{judge}`" in run.job("gate").summary.partition("counts after the merge:")[2]
    assert (verdict(run)["verdict"], verdict(run)["passed"]) == ("WORSE", False)
    assert verdict(run)["policy"]["margin"] == 0.005


def test_a_failing_test_of_the_user_fails_the_checks(github: Runner, change: Project) -> None:
    event = pull_request(github, change, "tests/test_features.py", ("__name__\n", "__name__ == 1\n"))

    run = github.run("pr.yml", event, jobs=["checks"], given={"plan": LOCAL})

    assert run.results == {"plan": "success", "checks / tests": "failure"}, run.printed
    assert "Test components" in str([*run.job("checks / tests").steps]), run.printed
    assert "1 failed" in run.job("checks / tests").step("Test components").printed


def test_changed_plumbing_runs_every_suite(github: Runner, change: Project) -> None:
    """With no hooks, which the first test runs, and nothing to install of Debian."""
    change.edit(
        ".ci/run",
        ("podman buildah crun debootstrap docker-registry chromium nodejs", "make"),
        (" make test #", " make test && echo every suite of $(whoami) #"),
    )
    (change.root / ".pre-commit-config.yaml").write_text("repos: []\n")
    change.commit()
    event = github.origin.pull_request(change)

    run = github.run("pr.yml", event, jobs=["checks"], given={"plan": LOCAL | {"plumbing": "true"}})

    assert run.results == {"plan": "success", "checks / every-suite": "success"}
    printed = run.job("checks / every-suite").step("every suite").printed
    assert "1 passed" in printed and "every suite of root" in printed


@pytest.mark.parametrize(("job", "came"), [("checks", "failure"), ("plan", "failure"), ("gate", "skipped")])
def test_a_failed_or_wrongly_skipped_job_blocks_the_pull_request(
    github: Runner, change: Project, job: str, came: str
) -> None:
    given = {"plan": LOCAL, "checks": {}, "build": "skipped", "gate": {}} | {job: came}

    event = pull_request(github, change, FEATURES, SAME_MODEL)
    run = github.run("pr.yml", event, jobs=["ci-passed"], given=given)

    assert run.results["ci-passed"] == "failure"
    assert f"✗ {job}: " in run.job("ci-passed").step("Check the other jobs").printed


@pytest.mark.parametrize(("base", "name"), [("main", "ci-passed"), ("release-1", "ci-passed for release-1")])
def test_a_pass_against_another_branch_is_no_pass_for_the_default_branch(
    github: Runner, change: Project, base: str, name: str
) -> None:
    """A commit has the checks of all its pull requests, and a fork may ask for any branch as base."""
    event = pull_request(github, change, FEATURES, SAME_MODEL)
    event.payload["pull_request"]["base"]["ref"] = base

    given = {"plan": LOCAL, "checks": {}, "build": "skipped", "gate": {}}
    run = github.run("pr.yml", event, jobs=["ci-passed"], given=given)

    assert run.job("ci-passed").step("Check the other jobs").printed
    assert {line.partition(": ")[0] for line in run.printed.splitlines() if "pr/ci" in line} == {f"pr/{name}"}


@pytest.mark.containers
def test_a_component_that_does_not_build_is_not_judged(
    github: Runner, change: Project, engine: Engine
) -> None:
    event = pull_request(
        github, change, "components/train_model/Dockerfile", ("\nWORKDIR", "\nRUN exit 3\nWORKDIR")
    )

    run = github.run(
        "pr.yml", event, jobs=["plan", "build", "candidate", "gate", "ci-passed"], given={"checks": {}}
    )

    assert run.results == {
        "plan": "success",
        "checks": "success",
        "build": "failure",
        "candidate": "success",
        "ci-passed": "failure",
    }, run.printed
    assert "failed to build" in run.jobs["build"][0].step("Build the image").printed


@pytest.fixture(scope="module")
def endpoint(github: Runner, seaweedfs: SeaweedFS) -> Iterator[Endpoint]:
    """An endpoint whose champion is the model of the main branch."""
    with running_endpoint(github.origin.project, seaweedfs) as endpoint:
        endpoint.train(github.origin.project.root / "build/images.json")
        yield endpoint


@pytest.fixture
def with_endpoint(github: Runner, endpoint: Endpoint) -> Runner:
    """The same repository, with everything set that an endpoint's gate needs."""
    return replace(github, secrets=endpoint.secrets, variables=endpoint.variables)


def kfp_runs(endpoint: Endpoint) -> dict[str, str]:
    """State by name, of the runs on the endpoint that a pull request left."""
    url = f"{endpoint.variables['KUBEFLOW_HOST']}/apis/v2beta1/runs"
    found = requests.get(url, params={"page_size": 100}, timeout=10).json().get("runs", [])
    return {run["display_name"]: run["state"] for run in found if run["display_name"].startswith("pr-")}


def test_the_endpoint_judges_what_the_candidate_handed_over(
    with_endpoint: Runner, endpoint: Endpoint, change: Project
) -> None:
    """No image of the change is pushed, and none of its code runs on the endpoint."""
    event = pull_request(with_endpoint, change, FEATURES, SAME_MODEL)

    jobs = ["plan", "candidate", "gate", "ci-passed"]
    run = with_endpoint.run("pr.yml", event, jobs=jobs, given={"checks": {}, "build": {}})

    assert run.results == dict.fromkeys([*jobs, "checks", "build"], "success"), run.printed
    assert run.job("plan").step("Plan the pull request").outputs["gate"] == "endpoint"
    sha = event.payload["pull_request"]["head"]["sha"]
    assert kfp_runs(endpoint) == {f"pr-12-{sha[:12]}": "SUCCEEDED"}
    (comparison,) = verdict(run)["comparisons"]
    assert comparison["reference"] == "champion", "which is the control too"


def test_a_candidate_that_hands_nothing_over_does_not_pass(github: Runner, change: Project) -> None:
    event = pull_request(github, change, FEATURES, ('"%H"', '"%H" / 0'), number=13)

    jobs = ["plan", "candidate", "gate", "ci-passed"]
    run = github.run("pr.yml", event, jobs=jobs, given={"checks": {}, "build": {}})

    assert run.results == {
        "plan": "success",
        "checks": "success",
        "build": "success",
        "candidate": "failure",
        "gate": "failure",
        "ci-passed": "failure",
    }, run.printed
    assert verdict(run)["verdict"] == "INVALID"
    assert "the log of the job candidate" in verdict(run)["reason"]
    assert "TypeError" in run.job("candidate").step("Run the change").printed


def test_an_endpoint_out_of_reach_is_an_error_and_never_local(with_endpoint: Runner, change: Project) -> None:
    event = pull_request(with_endpoint, change, FEATURES, SAME_MODEL)
    nowhere = replace(
        with_endpoint, variables=with_endpoint.variables | {"KUBEFLOW_HOST": "http://127.0.0.1:9"}
    )

    run = nowhere.run("pr.yml", event, jobs=["plan"])

    plan = run.job("plan").step("Plan the pull request")
    assert (run.results["plan"], "gate" in plan.outputs) == ("failure", False)
    assert "127.0.0.1:9" in plan.printed and plan.printed.endswith("exit status 3\n")


@pytest.mark.parametrize("who", ["the step", "the workflow"])
def test_a_cancelled_gate_ends_its_run_on_the_endpoint(
    with_endpoint: Runner, endpoint: Endpoint, change: Project, who: str
) -> None:
    """GitHub interrupts a step's process; if that did not help, a step that runs then cleans up.

    The run is that of a new policy, for which no code of the change runs.
    """
    number = {"the step": 14, "the workflow": 15}[who]
    event = pull_request(with_endpoint, change, "mlops.yaml", ("floor: 0.6", "floor: 0.5"), number=number)
    name = f"pr-{number}-{event.payload['pull_request']['head']['sha'][:12]}"
    given = {"plan": ENDPOINT | {"number": str(number)}, "build": {}, "candidate": "skipped"}

    with with_endpoint.started("pr.yml", event, jobs=["gate"], given=given) as started:
        until(lambda: kfp_runs(endpoint).get(name) == "RUNNING")
        act = started.process.pid
        os.kill(gate_of(act) if who == "the step" else act, signal.SIGINT)
        run = started.end()

    assert run.results["gate"] == "failure"
    until(lambda: kfp_runs(endpoint)[name] == "FAILED")
    assert any("Terminate" in step for step in run.job("gate").steps) == (who == "the workflow")


def gate_of(act: int) -> int:
    """The process of the gate's step, which is the very one that the runner started, and would interrupt."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"scripts.gate" in words and parent == act:
            return int(folder.name)
    raise AssertionError("expected the gate as a child of act, found none")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
