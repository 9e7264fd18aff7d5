"""Tests of scripts/plan_images.py and the steps after it: from files to digests in a registry."""

import json
import re
import subprocess

import pytest

from tests.docker_registry import DockerRegistry
from tests.template.standins.http_server import Answer, serving

DIGEST = f"sha256:{'ab' * 32}"


def test_from_nothing_published_to_one_changed_component(checkout, step, docker_registry: DockerRegistry):
    main = docker_registry.new_repository()
    plan = step("plan_images", "--repository", main)
    jobs = plan.matrix
    assert [job["component"] for job in jobs] == ["load_data", "train_model"]
    assert plan.summary == plan.printed
    assert plan.printed.count("to build") == 2
    assert main not in plan.outputs["matrix"]

    for job in jobs:
        staged = step("stage_image", job["tag"], "--repository", main)
        assert staged.outputs["reference"] == f"{main}:{job['tag']}"
        dockerfile = f"components/{job['component']}/Dockerfile"
        assert (checkout / job["dockerfile"]).read_text() == (checkout / dockerfile).read_text()
        assert (checkout / job["context"] / dockerfile).with_name("main.py").exists()
        digest = docker_registry.push(main, job["tag"])
        assert step("record_digest", job["component"], digest).status == 0
        job["digest"] = digest
    recorded = step("record_images", "build/digests", "--repository", main)
    assert recorded.status == 0, recorded.error
    before = json.loads((checkout / "build/images.json").read_text())
    assert before == {job["component"]: f"{main}@{job['digest']}" for job in jobs}

    again = step("plan_images", "--repository", main)
    assert again.matrix == []
    assert "to build" not in again.printed

    (checkout / "components/load_data/main.py").write_text("print('more')\n")
    assert step("plan_images", "--repository", main).matrix == [], "not in the index yet"
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    (changed,) = step("plan_images", "--repository", main).matrix
    assert changed["component"] == "load_data"
    assert changed["tag"] != jobs[0]["tag"]


def test_a_pull_request_has_a_repository_of_its_own(checkout, step, docker_registry: DockerRegistry):
    main, own = docker_registry.new_repository(), docker_registry.new_repository()
    names = ("--repository", main, "--also-in", own)
    jobs = {job["component"]: job for job in step("plan_images", *names).matrix}
    in_main = docker_registry.push(main, jobs["train_model"]["tag"])
    (job,) = step("plan_images", *names).matrix
    assert step("stage_image", job["tag"], *names).outputs["reference"] == f"{own}:{job['tag']}"
    in_own = docker_registry.push(own, job["tag"])
    docker_registry.push(own, jobs["train_model"]["tag"])  # and what main has is taken from there
    assert step("plan_images", *names).matrix == []
    assert step("record_images", "build/no-digests", *names).status == 0
    assert json.loads((checkout / "build/images.json").read_text()) == {
        "load_data": f"{own}@{in_own}",
        "train_model": f"{main}@{in_main}",
    }
    (checkout / "build/digests/digest-load_data").mkdir(parents=True)
    (checkout / "build/digests/digest-load_data/load_data").write_text(f"{DIGEST}\n")
    assert step("record_images", "build/digests", *names, "--output", "build/other.json").status == 0
    other = json.loads((checkout / "build/other.json").read_text())
    assert other == {"load_data": f"{own}@{DIGEST}", "train_model": f"{main}@{in_main}"}


def test_every_week_makes_its_own_images(checkout, step, docker_registry: DockerRegistry):
    main = docker_registry.new_repository()
    for job in step("plan_images", "--repository", main).matrix:
        docker_registry.push(main, job["tag"])
    plan = step("plan_images", "--repository", main, "--weekly")
    job = plan.matrix[0]
    salt = plan.outputs["salt"]
    assert re.fullmatch(r"\d{4}w\d\d", salt)
    assert job["tag"].endswith(f"-{salt}")
    assert job["cache-scope"] == f"load_data-{salt}"
    assert step("stage_image", job["tag"], "--repository", main).status == 0
    for each in plan.matrix:
        docker_registry.push(main, each["tag"])
    assert step("plan_images", "--repository", main, "--weekly").matrix == []
    assert step("record_images", "build/digests", "--repository", main, "--salt", salt).status == 0


def test_a_repository_that_may_not_be_read_counts_as_empty(step):
    """As Docker Hub's before the first push."""
    with serving(lambda *_: Answer(403)) as host:
        plan = step("plan_images", "--repository", f"{host}/you/model")
    assert len(plan.matrix) == 2
    assert plan.error == (
        f"note: {host}/you/model: expected to read it with no credentials, "
        "found no access or no such repository; taken as empty\n"
    )


def test_credentials_are_never_shown(step, docker_registry: DockerRegistry):
    secrets = {"DOCKERHUB_USERNAME": "you", "DOCKERHUB_TOKEN": "dckr_secret", "GITHUB_TOKEN": "ghs_secret"}
    plan = step("plan_images", "--repository", docker_registry.new_repository(), **secrets)
    assert plan.status == 0
    assert "secret" not in plan.printed + plan.error + plan.summary + str(plan.outputs)


@pytest.mark.parametrize("repository", ["ghcr.io/You/model", "-x/y", "ghcr.io/you/model:tag"])
def test_a_repository_that_is_none(step, repository):
    done = step("plan_images", f"--repository={repository}")
    assert done.status == 2
    assert f"{repository}: expected an image repository with no tag" in done.error
    assert done.outputs == {}


def test_a_checkout_with_no_component(checkout, step):
    subprocess.run(["git", "rm", "-rqf", "components"], cwd=checkout, check=True)
    done = step("plan_images", "--repository", "ghcr.io/you/model")
    assert (done.status, done.outputs) == (2, {})
    assert "git's index: expected components/<name>/Dockerfile, found none" in done.error
