"""A run of one step that writes to the store and leaves an artifact, as the tasks of pipelines do."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.command_line import SettingsError, WorldError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Results, Site, failed, ok, skipped
from engine.kubeflow.endpoint import LOCAL_KFP, connect
from engine.kubeflow.interface import container
from engine.model_registry.probe import PROBE
from engine.settings.tasks_schema import TaskSettings

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client

CHECK = "run of one step"
NAME = "doctor"
SECONDS = 600


def check(site: Site) -> Results:
    uri = (site.variable("RESULTS_URI") or site.variable("MODEL_REGISTRY_URI")).rstrip("/")
    if not (site.variable("KUBEFLOW_HOST") and uri):
        yield skipped(CHECK, "needs KUBEFLOW_HOST, and RESULTS_URI or MODEL_REGISTRY_URI")
    elif site.known.get("answered") is False:
        yield skipped(CHECK, "not started, because the endpoint did not let this in")
    elif site.dry_run:
        yield skipped(CHECK, "not started: --dry-run")
    else:
        with connect(site.root) as client:
            yield from _run(site, client, uri)


def _run(site: Site, client: "Client", uri: str) -> Results:
    from engine.kubeflow import runs
    from engine.kubeflow.uploads import upload
    from engine.stores import storage

    is_local = client.healthz().get("commit_sha") == LOCAL_KFP
    if not (is_local or site.images):
        yield skipped(CHECK, "give the pushed images, with --images build/images.json")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{NAME}.yaml")
        path.write_text(compiled(site.root, _images(site), site.settings.tasks(on_cluster=not is_local)))
        version = upload(client, path)
    with runs.started(client, version, NAME, {"model_registry_uri": uri}) as run_id:
        run = runs.follow(client, run_id, seconds=SECONDS)
    if run.state != "SUCCEEDED":
        lines = " ".join(log.splitlines()[-1] for _, log in runs.failed_logs(client, run)) or run.error
        namespace = site.variable("KUBEFLOW_NAMESPACE") or "kubeflow"
        yield failed(CHECK, diagnose("canary", state=run.state, found=lines, namespace=namespace))
        return
    try:
        storage.read_bytes(f"{uri}/{PROBE}")
    except (SettingsError, WorldError):
        yield failed(CHECK, diagnose("canary-artifact", uri=f"{uri}/{PROBE}"))
    else:
        yield ok(CHECK, f"run {run_id} wrote {uri}/{PROBE} and an artifact")


def compiled(root: Path, images: Mapping[str, str], tasks: TaskSettings) -> str:
    """The pipeline's YAML, with images and access to the store like any other's."""
    from kfp import compiler

    from engine.kubeflow.pipeline_compiler import completed

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{NAME}.yaml")
        compiler.Compiler().compile(_pipeline(), str(path))
        return completed(root, NAME, path.read_text(), images, tasks)


def _pipeline() -> Any:
    from kfp import dsl

    @dsl.container_component
    def write_probe(
        model_registry_uri: str, name: str, written: dsl.Output[dsl.Artifact]
    ) -> dsl.ContainerSpec:
        return container("model_registry probe", locals())

    @dsl.pipeline(name=NAME)
    def doctor(model_registry_uri: str) -> None:
        write_probe(model_registry_uri=model_registry_uri, name=NAME).set_caching_options(False)

    return doctor


def _images(site: Site) -> dict[str, str]:
    from engine.images.images import stage_all
    from engine.kubeflow.pipeline_compiler import read_references
    from engine.sources import WorkTree

    if site.images:
        return {name: str(reference) for name, reference in read_references(site.images).items()}
    return {name: image.reference for name, image in stage_all(WorkTree(site.root)).items()}
