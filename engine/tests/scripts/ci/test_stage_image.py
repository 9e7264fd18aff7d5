"""Tests of scripts/ci/stage_image.py."""

import subprocess


def test_another_checkout_than_the_planned_one_is_not_built(step):
    done = step("stage_image", f"load_data-{'0' * 16}", "--repository", "ghcr.io/you/model")
    assert done.status == 2
    assert f"load_data-{'0' * 16}: expected the checkout it was planned in, found load_data-" in done.error
    assert step("stage_image", "load_data", "--repository", "ghcr.io/you/model").status == 2


def test_the_repository_is_the_settings_else_github_s(checkout, step):
    settings = (checkout / "mlops.yaml").read_text()
    named = settings.replace("images: {}", "images: {repository: docker.io/you/model} ")
    (checkout / "mlops.yaml").write_text(named)
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    tag = step("stage_image", f"load_data-{'0' * 16}").error.rpartition("found ")[2].strip()
    assert step("stage_image", tag).outputs["reference"] == f"docker.io/you/model:{tag}"
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "You/My-Model"}
    pull_request = step("stage_image", f"{tag}-pr12", "--pull-request", "12", **github)
    assert pull_request.outputs["reference"] == f"docker.io/you/model-pull-requests:{tag}-pr12"
    assert pull_request.outputs["subject-name"] == "index.docker.io/you/model-pull-requests"
    assert pull_request.outputs["labels"] == "org.opencontainers.image.source=https://github.com/You/My-Model"
    (checkout / "mlops.yaml").write_text(settings)
    elsewhere = step("stage_image", tag, GITHUB_REPOSITORY="You/My-Model")
    assert elsewhere.outputs["reference"] == f"ghcr.io/you/my-model:{tag}"
    nowhere = step("stage_image", tag)
    assert nowhere.status == 2
    assert "images.repository: expected an image repository, found none" in nowhere.error
