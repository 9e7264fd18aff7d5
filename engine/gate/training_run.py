"""What the training pipeline is asked, for code that is committed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import SettingsError
from engine.documents.parts import Provenance
from engine.gate import model_code
from engine.gate.model_code import ModelCode
from engine.images.images import LOCAL_REPOSITORY
from engine.sources import GitTree, merge_base

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client

SERVED_FROM = ("s3://", "minio://")


def commit_of(root: Path, code: ModelCode) -> str:
    """The commit that is checked out at `root`, which must have `code`: its images are made of it again."""
    head = GitTree(root, "HEAD")
    committed = model_code.read(head)
    if (committed.references(), committed.settings) != (code.references(), code.settings):
        raise SettingsError(
            "expected committed code, because its images are made of it again; commit it first"
        )
    return head.commit


def pushed(code: ModelCode, references: Mapping[str, str]) -> ModelCode:
    """`code` with its images where they were pushed to: a reference for each component."""
    missing = [name for name in code.images if name not in references]
    if missing:
        raise SettingsError(f"--images: expected a reference for each component, found none of {missing[0]}")
    images = {name: replace(image, reference=references[name]) for name, image in code.images.items()}
    return replace(code, images=images)


def server_image(code: ModelCode) -> dict[str, str]:
    """The image that serves the model, with the very libraries that it is trained with."""
    return {"serve_model": code.images["serve_model"].reference} if "serve_model" in code.images else {}


def expect_servable(code: ModelCode, registry_uri: str) -> None:
    """A cluster that serves the model gets neither images nor models of this machine."""
    if code.settings.serving is None:
        return
    server = server_image(code).get("serve_model", "")
    if server.startswith(LOCAL_REPOSITORY):
        raise SettingsError(
            "mlops.yaml: serving: expected images that the serving cluster can pull,"
            f" found {server} staged here; set KUBEFLOW_HOST and train with --images, or remove serving"
        )
    if not registry_uri.startswith(SERVED_FROM):
        raise SettingsError(
            f"MODEL_REGISTRY_URI: expected one that the serving cluster can read, as s3://bucket/folder,"
            f" found {registry_uri}"
        )


def keep_contexts(code: ModelCode, registry_uri: str) -> None:
    """Keep what a version of `code` is made and served in, before there is one."""
    from engine.images import kept_contexts
    from engine.model_registry.model_registry import ModelRegistry

    images = [code.images[name] for name in code.references() | server_image(code)]
    kept_contexts.keep_contexts(ModelRegistry(registry_uri, code.settings.model), images)


def question(code: ModelCode, commit: str, as_of: str) -> dict[str, str]:
    """The parameters of the training pipeline, but for where models are and where its results go."""
    metadata = {
        "code_sha": commit,
        "images": code.references() | server_image(code),
        "feature_settings": json.loads(code.settings.feature_settings()),
    }
    provenance: Provenance = {"model": code.settings.model, "as_of": as_of, "commit": commit}
    return {
        "as_of": as_of,
        "model": code.settings.model,
        "data_settings": code.data_settings(),
        "policy": code.settings.policy("promotion"),
        "provenance": json.dumps(provenance),
        "fallback": code.fallback(),
        "metadata": json.dumps(metadata),
        "serving_settings": code.settings.serving_settings(),
        **code.parameters(),
    }


def end_older(client: "Client", root: Path, commit: str) -> None:
    """End trainings that go on for commits which `commit`, checked out at `root`, has in its history."""
    from engine.kubeflow import kfp_lists, runs
    from engine.kubeflow.deployment import TRAINED

    newest = client.list_runs(page_size=kfp_lists.PAGE, sort_by="created_at desc").runs or []
    for run in newest:
        trained = TRAINED.fullmatch(run.display_name)
        if run.state in runs.FINAL or not trained or commit.startswith(trained["commit"]):
            continue
        if (merge_base(root, trained["commit"]) or "").startswith(trained["commit"]):
            print(f"run {run.display_name}, of an older commit: {runs.terminate(client, run.run_id)}")
