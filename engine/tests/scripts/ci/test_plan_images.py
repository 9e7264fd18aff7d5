"""Tests of scripts/ci/plan_images.py and the steps after it: from files to digests in a registry."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from engine.tests.docker_registry import DockerRegistry
from engine.tests.standins.http_server import Answer, serving

DIGEST = f"sha256:{'ab' * 32}"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", message)


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
        assert (staged.outputs["context"], staged.outputs["dockerfile"]) == (
            job["context"],
            job["dockerfile"],
        )
        assert (checkout / job["dockerfile"]).read_text() == (checkout / dockerfile).read_text()
        assert (checkout / job["context"] / dockerfile).with_name("main.py").exists()
        digest = docker_registry.push(main, job["tag"])
        assert step("record_digest", job["tag"], digest).status == 0
        job["digest"] = digest
    recorded = step("record_images", "build/digests", "--repository", main)
    assert recorded.status == 0, recorded.error
    before = json.loads((checkout / "build/images.json").read_text())
    assert before == {job["component"]: f"{main}:{job['tag']}@{job['digest']}" for job in jobs}

    again = step("plan_images", "--repository", main)
    assert again.matrix == []
    assert "to build" not in again.printed

    (checkout / "components/load_data/main.py").write_text("print('more')\n")
    assert step("plan_images", "--repository", main).matrix == [], "not in the index yet"
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    (changed,) = step("plan_images", "--repository", main).matrix
    assert changed["component"] == "load_data"
    assert changed["tag"] != jobs[0]["tag"]


def test_a_pull_request_pushes_to_a_repository_of_its_own(checkout, step, docker_registry: DockerRegistry):
    main, own = docker_registry.new_repository(), docker_registry.new_repository()
    settings = (checkout / "mlops.yaml").read_text()
    (checkout / "mlops.yaml").write_text(
        settings.replace("images: {}", f"images: {{pull_requests: '{own}'}}")
    )
    names = ("--repository", main, "--pull-request")
    merge = {"GITHUB_REF": "refs/pull/12/merge"}
    plan = step("plan_images", *names, **merge)
    jobs = {job["component"]: job for job in plan.matrix}
    assert all(job["tag"].endswith("-pr12") for job in jobs.values())
    assert (plan.outputs["salt"], jobs["load_data"]["cache-scope"]) == ("pr12", "load_data")
    in_main = docker_registry.push(main, jobs["train_model"]["tag"].removesuffix("-pr12"))
    (job,) = step("plan_images", *names, **merge).matrix
    assert step("stage_image", job["tag"], *names, **merge).outputs["reference"] == f"{own}:{job['tag']}"
    in_own = docker_registry.push(own, job["tag"])
    docker_registry.push(own, jobs["train_model"]["tag"])  # and what main has is taken from there
    queue = {"GITHUB_REF": f"refs/heads/gh-readonly-queue/main/pr-12-{'ab' * 20}"}
    assert step("plan_images", *names, **queue).matrix == []
    assert len(step("plan_images", *names, "13").matrix) == 1, "what another one pushed goes with that one"
    assert step("record_images", "build/no-digests", *names, "12").status == 0
    of_main = f"{main}:{jobs['train_model']['tag'].removesuffix('-pr12')}@{in_main}"
    recorded = json.loads((checkout / "build/images.json").read_text())
    assert recorded == {"load_data": f"{own}:{job['tag']}@{in_own}", "train_model": of_main}
    (checkout / f"build/digests/digest-{job['tag']}").mkdir(parents=True)
    (checkout / f"build/digests/digest-{job['tag']}/{job['tag']}").write_text(f"{DIGEST}\n")
    assert step("record_images", "build/digests", *names, "12", "--output", "build/other.json").status == 0
    other = json.loads((checkout / "build/other.json").read_text())
    assert other == {"load_data": f"{own}:{job['tag']}@{DIGEST}", "train_model": of_main}


@pytest.mark.parametrize("ref", ["", "refs/heads/main", "refs/pull/x/merge", "refs/heads/pr-12-ab"])
def test_a_plan_of_a_pull_request_requires_its_number(step, ref):
    done = step("plan_images", "--pull-request", GITHUB_REF=ref)
    assert (done.status, done.outputs) == (2, {})
    assert f"--pull-request: expected its number, here or in GITHUB_REF, found {ref!r}" in done.error


def test_candidate_and_base_are_planned_together_and_recorded_apart(checkout, step, docker_registry):
    main = docker_registry.new_repository()
    commit(checkout, "base")
    git(checkout, "worktree", "add", "--quiet", "--detach", "candidate", "HEAD")
    (checkout / "candidate/components/load_data/main.py").write_text("print('more')\n")
    commit(checkout / "candidate", "change")
    both = ("--checkout", ".", "--checkout", "candidate", "--repository", main)
    jobs = step("plan_images", *both).matrix
    assert sorted((job["component"], job["checkout"]) for job in jobs) == [
        ("load_data", "."),
        ("load_data", "candidate"),
        ("train_model", "."),
    ]
    for job in jobs:
        staged = step("stage_image", job["tag"], "--checkout", job["checkout"], "--repository", main)
        assert staged.outputs["context"] == job["context"], staged.error
        assert (checkout / job["dockerfile"]).is_file()
        assert step("record_digest", job["tag"], docker_registry.push(main, job["tag"])).status == 0
    changed = "candidate/.mlops/images/{tag}/components/load_data/main.py"
    texts = {job["checkout"]: job["tag"] for job in jobs if job["component"] == "load_data"}
    assert (checkout / changed.format(tag=texts["candidate"])).read_text() == "print('more')\n"
    recorded = {}
    for folder in (".", "candidate"):
        done = step("record_images", "build/digests", "--checkout", folder, "--repository", main)
        assert done.status == 0, done.error
        recorded[folder] = json.loads((checkout / "build/images.json").read_text())
        assert recorded[folder]["load_data"].startswith(f"{main}:{texts[folder]}@sha256:")
    assert recorded["."]["train_model"] == recorded["candidate"]["train_model"]
    assert step("plan_images", *both).matrix == []


def test_every_week_makes_its_own_images_and_no_push_goes_back_behind_them(
    checkout, step, docker_registry: DockerRegistry
):
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
    docker_registry.push(main, f"{job['tag'].removesuffix(salt)}2001w01")
    for each in plan.matrix:
        docker_registry.push(main, each["tag"])
    assert step("plan_images", "--repository", main, "--weekly").matrix == []
    for salted in (("--salt", salt), (), ("--pull-request", "12")):
        assert step("plan_images", "--repository", main).matrix == []
        assert step("record_images", "build/digests", "--repository", main, *salted).status == 0
        recorded = json.loads((checkout / "build/images.json").read_text())
        assert {each.partition("@")[0] for each in recorded.values()} == {
            f"{main}:{each['tag']}" for each in plan.matrix
        }


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
def test_an_invalid_repository_is_refused(step, repository):
    done = step("plan_images", f"--repository={repository}")
    assert done.status == 2
    assert f"{repository}: expected an image repository with no tag" in done.error
    assert done.outputs == {}


def test_a_checkout_without_components_plans_no_image(checkout, step):
    subprocess.run(["git", "rm", "-rqf", "components"], cwd=checkout, check=True)
    done = step("plan_images", "--repository", "ghcr.io/you/model")
    assert (done.status, done.outputs) == (2, {})
    assert "git's index: expected components/<name>/Dockerfile, found none" in done.error
