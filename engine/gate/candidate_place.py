"""The place that a change's code runs in: its images, the rows that it gets, and nothing that judges it."""

import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from engine.command_line import WorldError
from engine.gate.change import Change
from engine.gate.judged_run import explained
from engine.gate.model_code import BORN_FROM
from engine.images.images import STORE
from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.local_server import local_kfp
from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.kubeflow.progress import Progress
from engine.kubeflow.uploads import upload
from engine.sources import GitTree

PREPARATION = ("as_of", "data_settings", "control_feature_settings", "control_build_features_image")
CARRIER = "hand_over"
"""The component that passes what the places hand to each other."""
FILES = re.compile(
    r"local_kfp/(?!tests/).*|engine/command_line/.*|engine/github/step\.py|requirements\.txt"
    r"|scripts/ci/(install_environment|run_candidate)\.py"
)
"""Of the base: what runs a compiled pipeline on a runner."""


def prepare(root: Path, change: Change, question: Mapping[str, str], place: Path) -> None:
    """Write the folder `place`, for the parameters of the evaluation `question`."""
    if place.exists():
        shutil.rmtree(place)
    for path, file in _files(root).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(file)
    references = {name: image.reference for name, image in change.images().items()}
    for image in [change.candidate.images[name] for name in BORN_FROM] + [change.images()[CARRIER]]:
        shutil.copytree(root / STORE / image.path.name, place / STORE / image.path.name)
    tasks = change.tasks(on_cluster=False)
    run = place / "run"
    run.mkdir()
    (run / "pipeline.yaml").write_text(compile_pipeline(root, "candidate", references, tasks))
    (run / "run.json").write_text(json.dumps(_run_settings(question), indent=2))
    _load_rows(root, compile_pipeline(root, "preparation", references, tasks), question, place / "rows.tar")


def _files(root: Path) -> dict[str, bytes]:
    base = GitTree(root, "HEAD")
    read = base.read([path for path in base.paths if FILES.fullmatch(path)])
    return {path: file.content for path, file in read.items()}


def _run_settings(question: Mapping[str, str]) -> dict[str, object]:
    """What run_candidate completes with the paths of the machine that it runs on."""
    return {
        "run_id": "candidate",
        "display_name": "candidate",
        "workflow": "candidate",
        "scheduled_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "parameters": {name: value for name, value in question.items() if name.startswith("candidate_")},
        "runner": "subprocess",
        "image_store": str(STORE),
        "mounts": [],
    }


def _load_rows(root: Path, pipeline: str, question: Mapping[str, str], rows: Path) -> None:
    """Leave the rows in the file `rows`, by a run of the pipeline `preparation` on this machine."""
    parameters = {name: question[name] for name in PREPARATION} | {"rows_uri": rows.as_uri()}
    compiled = rows.with_name("preparation.yaml")
    compiled.write_text(pipeline)
    with local_kfp(root / ".mlops/kfp", root / STORE) as url:
        client = open_client(url)
        with runs.started(client, upload(client, compiled), "preparation", parameters) as run_id:
            done = runs.follow(client, run_id, Progress())
        if done.state != "SUCCEEDED":
            raise WorldError(explained(client, done))
    compiled.unlink()
