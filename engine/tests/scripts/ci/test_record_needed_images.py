"""Tests of scripts/ci/record_needed_images.py, against a real endpoint and a model registry."""

import json

import pytest

from engine.kubeflow.uploads import upload
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import METADATA, model_folder, record_of, verdict_on

ZEROS, ONES, TWOS = "0" * 16, "1" * 16, "2" * 16
DIGEST = f"sha256:{'ab' * 32}"


def test_models_pipelines_schedules_and_runs_name_images(
    checkout, step, endpoint, client, compiled, new_pipeline, tmp_path
):
    path = new_pipeline("named-images")
    text = path.read_text()
    image = next(line for line in text.splitlines() if "image: " in line).strip()
    path.write_text(text.replace(image, f"image: docker.io/you/x:wait-{ZEROS}-2026w01@{DIGEST}"))
    version = upload(client, path)
    experiment = client.create_experiment("images")
    client.create_recurring_run(
        experiment.experiment_id,
        "daily",
        cron_expression="0 0 0 * * *",
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        params={"day": f"ghcr.io/you/x:wait-{ONES}"},
        enabled=False,
    )
    uri = (tmp_path / "models").as_uri()
    registry = ModelRegistry(uri, "flight-delays")
    images = {name: f"you/y:{name}-{TWOS}@{DIGEST.replace('ab', 'cd')}" for name in METADATA["images"]}
    for model in ("first", "second"):  # neither of which is a champion
        registry.register(
            model_folder(tmp_path, model), record_of(model), verdict_on(model), METADATA | {"images": images}
        )
    done = step("record_needed_images", "build/needed.json", KUBEFLOW_HOST=endpoint, MODEL_REGISTRY_URI=uri)
    assert done.status == 0, done.error
    needed = json.loads((checkout / "build/needed.json").read_text())
    models = {f"build_features-{TWOS}", f"score_model-{TWOS}"}
    assert {f"wait-{ZEROS}-2026w01", f"wait-{ONES}", *models} <= set(needed["tags"])
    assert {DIGEST, DIGEST.replace("ab", "cd")} <= set(needed["digests"])
    assert f"{uri}: 2 versions of flight-delays" in done.printed


@pytest.mark.parametrize("command", [("record_needed_images", "build/needed.json"), ("collect_images",)])
def test_an_endpoint_without_its_model_registry_is_refused(checkout, step, command):
    """Else what a rollback needs would be deleted."""
    done = step(*command, KUBEFLOW_HOST="http://localhost:1", GITHUB_REPOSITORY="you/x")
    assert (done.status, (checkout / "build/needed.json").exists()) == (2, False)
    assert (
        "KUBEFLOW_HOST: expected MODEL_REGISTRY_URI with it, because a rollback may go to any" in done.error
    )


def test_a_model_registry_that_cannot_be_read_is_no_empty_one(checkout, step):
    done = step("record_needed_images", "build/needed.json", MODEL_REGISTRY_URI="s3://none/models")
    assert done.status == 3
    assert not (checkout / "build/needed.json").exists()


def test_nothing_set_is_nothing_needed(checkout, step):
    done = step("record_needed_images", "build/needed.json")
    assert (done.status, done.printed) == (0, "build/needed.json: 0 tags, 0 digests\n")
