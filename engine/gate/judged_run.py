"""Run a pipeline that judges a model: compile, upload, start, follow, and read its verdict."""

import hashlib
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path

from engine.command_line import SettingsError, WorldError
from engine.documents.verdict import Verdict
from engine.documents.verdicts import read_verdict as read_document
from engine.documents.version import Version
from engine.handover.archive import MOST_BYTES
from engine.images.images import LOCAL_REPOSITORY
from engine.images.kept_contexts import recover_image
from engine.kubeflow import runs
from engine.kubeflow.endpoint import connect, remote_host
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.kubeflow.progress import Progress
from engine.kubeflow.uploads import upload
from engine.model_registry.model_registry import ModelRegistry
from engine.settings.settings_schema import Settings
from engine.settings.tasks_schema import TaskSettings
from engine.stores import storage

DOCUMENTS = ("verdict.json", "report.html", "report.md")
ENFORCEMENT = "enforce-verdict"
LOG_LINES = 15


class NoVerdict(WorldError):  # noqa: N818 - what a run came to
    """The run ended with no verdict to go by; `broken` are the names of its failed tasks."""

    def __init__(self, message: str, broken: list[str]):
        super().__init__(message)
        self.broken = broken


def recover_images(root: Path, version: Version | None, registry: ModelRegistry) -> None:
    """Stage the images that a registered model was born in, if this machine lacks them."""
    if remote_host():  # which pulls them
        return
    if version is None:
        return
    for reference in map(str, version["images"].values()):
        try:
            recover_image(reference, version["code_sha"], root, registry)
        except (SettingsError, WorldError):
            # An endpoint that is reached through a port of this machine may pull what was pushed.
            if reference.startswith(LOCAL_REPOSITORY) or not os.environ.get("KUBEFLOW_HOST"):
                raise


def expect_reachable(settings: Settings, references: Mapping[str, str], model_registry: str) -> None:
    """An endpoint on another machine sees neither the files nor the images of this one."""
    if not (host := remote_host()):
        return
    wanted = f"that {host} can read, as s3://bucket/folder"
    for name, table in settings.data.tables.items():
        if "://" not in table.uri or table.uri.startswith("file:"):
            raise SettingsError(
                f"mlops.yaml: data.tables.{name}.uri: expected one {wanted}, found {table.uri}"
            )
    for variable, uri in (
        ("MODEL_REGISTRY_URI", model_registry),
        ("RESULTS_URI", os.environ.get("RESULTS_URI", "")),
    ):
        if not uri or uri.startswith("file:"):
            raise SettingsError(f"{variable}: expected one {wanted}, found {uri or 'none'}")
    if local := [name for name, reference in references.items() if reference.startswith(LOCAL_REPOSITORY)]:
        raise SettingsError(
            f"{', '.join(local)}: expected images that {host} can pull, found them staged here;"
            " give what record_images wrote, with --images"
        )


def judge(
    root: Path,
    pipeline: str,
    references: Mapping[str, str],
    tasks: TaskSettings,
    parameters: Mapping[str, str],
    results: Path,
) -> Verdict:
    """The verdict of a run of `pipeline`; verdict and report are left in the folder `results`."""
    compiled = compiled_to(results, root, pipeline, references, tasks)
    with connect(root) as client:
        version = upload(client, compiled)
        results_uri = results_uri_of_a_run(results)
        with runs.started(client, version, pipeline, {**parameters, "results_uri": results_uri}) as run_id:
            print(f"run {run_id} of {pipeline} on {client.host}", flush=True)
            finished = runs.follow(client, run_id, Progress())
        return concluded(client, finished, results_uri, results)


def compiled_to(
    results: Path,
    root: Path,
    pipeline: str,
    references: Mapping[str, str],
    tasks: TaskSettings,
) -> Path:
    """The compiled pipeline in the folder `results`, which is emptied of what an earlier run found."""
    results.mkdir(parents=True, exist_ok=True)
    clear(results)
    path = results / f"{pipeline}.yaml"
    path.write_text(compile_pipeline(root, pipeline, references, tasks))
    return path


def clear(results: Path) -> None:
    for name in DOCUMENTS:
        (results / name).unlink(missing_ok=True)


def asked_about(question: Mapping[str, str], handover: Path, results: Path) -> dict[str, str]:
    """The parameters of the pipeline `judgement`, which reads `handover` if it can reach it."""
    if handover.stat().st_size > MOST_BYTES:
        raise SettingsError(f"{handover}: expected at most {MOST_BYTES:,} bytes, found more")
    uri = handover.resolve().as_uri()
    if shared := os.environ.get("RESULTS_URI"):
        content = handover.read_bytes()
        uri = f"{shared.rstrip('/')}/handover/{hashlib.sha256(content).hexdigest()}.tar"
        storage.write_bytes(uri, content)
    made = {name for name in question if re.fullmatch("candidate_(training_settings|.*_image)", name)}
    return {name: value for name, value in question.items() if name not in made} | {"handover_uri": uri}


def results_uri_of_a_run(results: Path) -> str:
    """A folder below RESULTS_URI that no other run writes to, or `results` itself."""
    if shared := os.environ.get("RESULTS_URI"):
        return f"{shared.rstrip('/')}/{uuid.uuid4().hex}"
    return results.as_uri()


def concluded(client: Client, run: runs.Run, results_uri: str, results: Path) -> Verdict:
    """The verdict that `run` ended with."""
    verdict = read_verdict(results_uri, results)
    if verdict is None or not agrees(run, verdict):
        broken = [task.name for task in run.tasks if task.state == "FAILED"]
        raise NoVerdict(explained(client, run), broken)
    return verdict


def read_verdict(results_uri: str, results: Path) -> Verdict | None:
    """The verdict at `results_uri`, the documents fetched from there to `results`; None with no verdict."""
    try:
        for name in DOCUMENTS:
            content = storage.read_bytes(f"{results_uri}/{name}")
            if results_uri != results.as_uri():
                results.mkdir(parents=True, exist_ok=True)
                (results / name).write_bytes(content)
    except storage.NotFound:
        return None
    return read_document(results / "verdict.json")


def agrees(run: runs.Run, verdict: Verdict | None) -> bool:
    """Whether the run ended as its verdict says: a lost comparison fails if it is enforced."""
    if verdict is None or verdict["passed"]:
        return verdict is not None and run.state == "SUCCEEDED"
    failed = {task.name for task in run.tasks if task.state == "FAILED"}
    return run.state == "SUCCEEDED" or ENFORCEMENT in failed


def explained(client: Client, run: runs.Run) -> str:
    """Why there is no verdict to go by, with the last lines of what failed."""
    lines = [f"expected a run that ends with a verdict, found {run.state}: {run.error}".rstrip(": ")]
    for task, log in runs.failed_logs(client, run):
        lines += [f"{task.name} printed last:", *(f"  {line}" for line in log.splitlines()[-LOG_LINES:])]
    return "\n".join(lines)
