"""Predict the rows of a day, or of any parquet, with the champion, on the endpoint or on this machine."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine import command_line
from engine.command_line import Finding, SettingsError, WorldError, day

if TYPE_CHECKING:
    from engine.documents.manifest import Manifest
    from engine.kubeflow.kfp_client import Client
    from engine.kubeflow.runs import Run
    from engine.kubeflow.uploads import PipelineVersion
    from engine.settings.settings_schema import Settings

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "predict"
LOG_LINES = 5


def main() -> int:
    arguments = arguments_parser().parse_args()

    from engine.gate import judged_run
    from engine.kubeflow import runs
    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.progress import Progress
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.predictions.predictions import Predictions, batch_of
    from engine.settings.settings import load

    settings = load(ROOT / "mlops.yaml")
    registry_uri = model_registry_uri(ROOT)
    registry = ModelRegistry(registry_uri, settings.model)
    champion = registry.champion()
    if not champion:
        raise SettingsError(
            f"{settings.model}: expected a champion in {registry_uri}, found none: make gate, make promote"
        )
    judged_run.recover_images(ROOT, champion, registry)
    as_of = str(arguments.as_of or settings.as_of())
    parameters = question(settings, as_of, arguments.input_uri) | {"model_registry_uri": registry_uri}
    with connect(ROOT) as client:
        version = pipeline_version(client, settings)
        with runs.started(client, version, f"inference {as_of}", parameters) as run_id:
            print(f"run {run_id} of inference on {client.host}", flush=True)
            finished = runs.follow(client, run_id, Progress())
        if finished.state != "SUCCEEDED":
            raise Finding(explained(client, finished))
    kept = Predictions(parameters["predictions_uri"], settings.model)
    batch = batch_of(as_of, parameters["input_uri"])
    uri = kept.uri_of(batch, "manifest.json")
    if not (manifest := kept.manifest(batch)):
        raise WorldError(f"{uri}: expected the published predictions, found none")
    print(summary(manifest, uri))
    return 0


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--as-of", type=day, metavar="DAY", help="the first day to predict")
    parser.add_argument(
        "--input-uri", default="", help="parquet to predict all rows of, in place of that day's"
    )
    return parser


def question(settings: "Settings", as_of: str, input_uri: str = "") -> dict[str, str]:
    """The parameters of the inference pipeline, but for where the models are."""
    if input_uri and "://" not in input_uri:
        input_uri = Path(input_uri).absolute().as_uri()
    return {
        "as_of": as_of,
        "model": settings.model,
        "data_settings": settings.data_settings(ROOT),
        "inference_settings": settings.inference_settings(),
        "predictions_uri": predictions_uri(),
        "input_uri": input_uri,
    }


def predictions_uri() -> str:
    """Where predictions go: PREDICTIONS_URI, or a folder of this checkout."""
    from engine.kubeflow.endpoint import remote_host

    if uri := os.environ.get("PREDICTIONS_URI"):
        return uri
    if host := remote_host():
        raise SettingsError(
            f"PREDICTIONS_URI: expected a place that {host} can write to, as s3://bucket/folder, found none"
        )
    return (ROOT / ".mlops/predictions").as_uri()


def pipeline_version(client: "Client", settings: "Settings") -> "PipelineVersion":
    """The pipeline that was deployed to an endpoint; on this machine, what this checkout makes of it."""
    from engine.images.images import stage_all
    from engine.kubeflow.endpoint import remote_host
    from engine.kubeflow.pipeline_compiler import compile_pipeline
    from engine.kubeflow.uploads import newest_version, upload
    from engine.sources import WorkTree

    if remote_host():
        return newest_version(client, "inference")[0]
    images = {name: image.reference for name, image in stage_all(WorkTree(ROOT)).items()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    compiled = RESULTS / "inference.yaml"
    parallelism = settings.inference.parallelism
    compiled.write_text(
        compile_pipeline(ROOT, "inference", images, settings.tasks(on_cluster=False), parallelism)
    )
    return upload(client, compiled)


def explained(client: "Client", run: "Run") -> str:
    """Why the run failed, with what its tasks said last."""
    from engine.kubeflow.runs import failed_logs

    lines = [f"expected run {run.id} to succeed, found {run.state}: {run.error}".rstrip(": ")]
    for task, log in failed_logs(client, run):
        lines += [f"{task.name} printed last:", *(f"  {line}" for line in log.splitlines()[-LOG_LINES:])]
    return "\n".join(lines)


def summary(manifest: "Manifest", uri: str) -> str:
    rows = manifest["rows"]
    reasons = "".join(f"\n  {count} x {reason}" for reason, count in manifest["rejected"].items())
    return (
        f"{rows['predicted']} of {rows['listed']} rows predicted by {manifest['model_version']}, "
        f"{rows['rejected']} rejected{reasons}\nmanifest: {uri}"
    )


if __name__ == "__main__":
    command_line.run(main)
