"""Tests of scripts/ci/collect_images.py, against a real registry and what stands in for the others."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from engine.images.docker_hub import DockerHub
from engine.kubeflow.uploads import upload
from engine.tests.docker_registry import DockerRegistry
from engine.tests.standins.docker_hub_api import running_docker_hub_api
from scripts.ci import collect_images

OLD = "2020-01-01T00:00:00.123456789Z"
NEW = (datetime.now(UTC) - timedelta(days=13)).isoformat()
ZEROS, ONES = "0" * 16, "1" * 16


def test_collect_images_deletes_only_old_images_without_a_reference(
    step, checkout, docker_registry: DockerRegistry
):
    name = docker_registry.new_repository()
    planned = step("plan_images", "--repository", name).matrix[0]["tag"]
    kept = {
        "of this checkout": (planned, OLD),
        "of this week": (f"{planned}-2026w47", OLD),
        "named with its tag": (f"score_model-{ZEROS}", OLD),
        "named with its digest": (f"score_model-{ONES}-2026w01", OLD),
        "new": (f"load_data-{ONES}", NEW),
        "of no known age": (f"load_data-{ZEROS}-2026w40", None),
        "not ours": ("latest", OLD),
    }
    digests = {tag: docker_registry.push(name, tag, created=created) for tag, created in kept.values()}
    shared = docker_registry.push(name, f"wait-{ONES}", f"wait-{ONES}-2026w02", created=OLD)
    part = docker_registry.push(name, created=OLD)
    gone = {f"load_data-{ZEROS}", f"{planned}-2026w46", f"train_model-{ZEROS}", f"wait-{ZEROS}"}
    for tag in (f"load_data-{ZEROS}", f"{planned}-2026w46"):
        docker_registry.push(name, tag, created=OLD)
    subject = docker_registry.push_index(name, f"train_model-{ZEROS}", f"wait-{ZEROS}", parts=(part,))
    attestation = f"sha256-{subject.removeprefix('sha256:')}"
    others = f"sha256-{digests[planned].removeprefix('sha256:')}"
    for tag in (attestation, others):
        docker_registry.push(name, tag, created=OLD)

    named = checkout / "build/needed.json"
    named.parent.mkdir(exist_ok=True)
    digest = digests[f"score_model-{ONES}-2026w01"]
    named.write_text(json.dumps({"tags": [f"score_model-{ZEROS}", f"wait-{ONES}"], "digests": [digest]}))
    command = ("collect_images", "--repository", name, "--needed", "build/needed.json")
    stay = {*digests, f"wait-{ONES}", f"wait-{ONES}-2026w02", others}
    before = docker_registry.tags(name)
    assert before == {*stay, *gone, attestation}

    dry = step(*command, "--dry-run")
    assert (dry.status, docker_registry.tags(name)) == (0, before), dry.error
    assert dry.printed.splitlines()[-1] == f"{name}: 4 would be deleted, {len(stay) - 1} kept"
    done = step(*command)
    assert done.status == 0, done.error
    assert docker_registry.tags(name) == stay
    assert done.summary == f"{name}: 4 deleted, {len(stay) - 1} kept\n"
    assert f"train_model-{ZEROS}, wait-{ZEROS}: deleted" in done.printed
    assert done.printed.index(attestation) < done.printed.index(f"train_model-{ZEROS}")
    again = step(*command)
    assert (again.status, again.summary) == (0, f"{name}: 0 deleted, {len(stay) - 1} kept\n"), shared


def test_a_pull_request_s_images_go_with_it_and_no_other_s(step, checkout, docker_registry: DockerRegistry):
    main, own = docker_registry.new_repository(), docker_registry.new_repository()
    text = (checkout / "mlops.yaml").read_text()
    settings = text.replace("images: {}", f"images: {{repository: '{main}', pull_requests: '{own}'}}")
    (checkout / "mlops.yaml").write_text(settings)
    tags = [f"a-{ZEROS}-pr1", f"b-{ZEROS}-pr1", f"a-{ZEROS}-pr12", f"a-{ZEROS}-pr2", f"a-{ZEROS}", "mine"]
    for tag in tags:
        docker_registry.push(own, tag, created=NEW)
        docker_registry.push(main, tag, created=NEW)
    docker_registry.push(own, f"c-{ZEROS}-pr1", f"c-{ZEROS}-pr2", created=NEW)
    for _ in range(2):
        assert step("collect_images", "--pull-request", "1").status == 0
        assert docker_registry.tags(own) == {*tags[2:], f"c-{ZEROS}-pr1", f"c-{ZEROS}-pr2"}
    docker_registry.push(own, f"a-{ONES}-pr3", created=OLD)
    docker_registry.push(own, f"a-{ONES}", created=OLD)
    left = docker_registry.tags(own) - {f"a-{ONES}-pr3"}
    done = step("collect_images", "--pull-request", "all")
    assert (done.status, docker_registry.tags(own)) == (0, left), done.error
    assert docker_registry.tags(main) == set(tags)


def test_collect_images_keeps_old_images_of_an_open_pull_request(
    step, checkout, endpoint, client, compiled, new_pipeline, docker_registry: DockerRegistry
):
    name = docker_registry.new_repository()
    path = new_pipeline("pr-12-evaluation")
    image = next(line for line in path.read_text().splitlines() if "image: " in line).strip()
    path.write_text(path.read_text().replace(image, f"image: {name}:wait-{ZEROS}-pr12"))
    upload(client, path)
    for number in (12, 13):
        docker_registry.push(f"{name}-pull-requests", f"wait-{ZEROS}-pr{number}", created=OLD)
    variables = {"KUBEFLOW_HOST": endpoint}  # and no model registry, whose images are main's
    done = step("collect_images", "--repository", name, "--pull-request", "all", **variables)
    assert done.status == 0, done.error
    assert docker_registry.tags(f"{name}-pull-requests") == {f"wait-{ZEROS}-pr12"}


def test_docker_hub_loses_one_tag_and_what_is_about_the_image_stays_with_the_other(checkout, monkeypatch):
    def tag(letter: str) -> dict[str, str]:
        return {"digest": f"sha256:{letter * 64}", "tag_last_pushed": OLD}

    tags = {f"wait-{ZEROS}": tag("a"), f"wait-{ZEROS}-2026w01": tag("a"), f"wait-{ONES}": tag("b")}
    tags |= {f"sha256-{'a' * 64}": tag("c"), f"sha256-{'b' * 64}": tag("d"), "latest": tag("b")}
    (checkout / "needed.json").write_text(json.dumps({"tags": [f"wait-{ZEROS}"], "digests": []}))
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("DOCKERHUB_USERNAME", "you")
    monkeypatch.setenv("DOCKERHUB_TOKEN", "all")
    command = ["collect_images", "--repository", "docker.io/you/model", "--needed", "needed.json"]
    monkeypatch.setattr("sys.argv", command)
    with running_docker_hub_api(tags, all={"read", "write", "delete"}) as api:
        monkeypatch.setattr(collect_images, "DockerHub", partial(DockerHub, api=api.url))
        collect_images.main()
        assert set(api.tags) == {f"wait-{ZEROS}", f"sha256-{'a' * 64}", f"sha256-{'b' * 64}", "latest"}


@pytest.mark.parametrize("repository", ["docker.io/you/model", "ghcr.io/you/model"])
def test_nothing_to_delete_where_pull_requests_cannot_push(step, repository):
    done = step("collect_images", "--repository", repository, "--pull-request", "12")
    expected = f"{repository}-pull-requests: pull requests push nothing there from here"
    assert (done.status, done.printed.partition(",")[0]) == (0, expected)


@pytest.mark.parametrize("number", ["0", "-1", "12;", "everything", ""])
def test_an_invalid_number_of_a_pull_request_is_refused(step, docker_registry, number):
    done = step(
        "collect_images", "--repository", docker_registry.new_repository(), f"--pull-request={number}"
    )
    assert done.status == 2
    assert "--pull-request: expected its number, " in done.error
    assert f"found {number!r}" in done.error


@pytest.mark.parametrize("text", [None, "", "[]", '{"tags": []}', '{"tags": 1, "digests": []}'])
def test_needs_that_cannot_be_read_delete_nothing(step, checkout, docker_registry, text):
    name = docker_registry.new_repository()
    docker_registry.push(name, f"load_data-{ZEROS}", created=OLD)
    (checkout / "build").mkdir(exist_ok=True)
    if text is not None:
        (checkout / "build/needed.json").write_text(text)
    done = step("collect_images", "--repository", name, "--needed", "build/needed.json")
    assert done.status == 2
    assert "build/needed.json: expected what record_needed_images writes, found" in done.error
    assert docker_registry.tags(name) == {f"load_data-{ZEROS}"}


def test_a_folder_without_git_deletes_nothing(step, checkout, docker_registry):
    name = docker_registry.new_repository()
    docker_registry.push(name, f"load_data-{ZEROS}", created=OLD)
    subprocess.run(["rm", "-rf", ".git"], cwd=checkout, check=True)
    done = step("collect_images", "--repository", name)
    assert (done.status, docker_registry.tags(name)) == (3, {f"load_data-{ZEROS}"})
