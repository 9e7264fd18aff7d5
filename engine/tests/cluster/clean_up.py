"""Removes what a loop made on the endpoint, in the registry of images and in the store."""

from collections.abc import Iterable, Iterator

from kubernetes import client as kubernetes
from kubernetes import config

from engine.images.image_repository import ImageRepository
from engine.kubeflow import kfp_lists, recurring_runs, removal
from engine.kubeflow.kfp_client import Client
from engine.stores import storage

WORKFLOWS = ("argoproj.io", "v1alpha1", "workflows")


def remove_runs(client: Client, model: str, pipelines: Iterable[str]) -> list[str]:
    """Delete the model's recurring runs, and these pipelines with their runs; a line for what stays."""
    for made in recurring_runs.ours(client, model).values():
        for each in made:
            client.delete_recurring_run(each.recurring_run_id)
    ids = {
        run.run_id
        for name in pipelines
        for experiment in kfp_lists.experiments(client, name)
        for run in kfp_lists.runs(client, "", experiment.experiment_id)
    }
    problems = [problem for name in pipelines for problem in removal.remove(client, name)]
    return problems + [f"Workflow {name}: expected it deleted with its run" for name in workflows_of(ids)]


def workflows_of(run_ids: set[str]) -> Iterator[str]:
    """The names of the Workflows that the cluster still has of these runs."""
    api = kubernetes.CustomObjectsApi(config.new_client_from_config())
    for workflow in api.list_cluster_custom_object(*WORKFLOWS)["items"]:
        if workflow["metadata"].get("labels", {}).get("pipeline/runid") in run_ids:
            yield workflow["metadata"]["name"]


def remove_images(repository: str, digests: Iterable[str]) -> list[str]:
    images = ImageRepository(repository)
    answers = {
        digest: images.ask("DELETE", f"{images.base}/manifests/{digest}", actions="delete")
        for digest in digests
    }
    return [
        f"image {digest}: expected it deleted, found {answer.status_code}"
        for digest, answer in answers.items()
        if answer.status_code not in (200, 202, 404)
    ]


def remove_objects(uri: str) -> list[str]:
    system, path = storage.filesystem(uri)
    with storage.clear_errors(uri):
        system.delete_dir(path)
    return []
