"""Recurring runs as declared, fired by the local server's scheduler: twice at one time, and answered once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.kubeflow import kfp_lists
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.runs import FINAL
from engine.model_registry.model_registry import ModelRegistry
from engine.predictions.predictions import Predictions
from engine.tests.gate.test_predict_runs import flights_of_the_day
from engine.tests.project import Project
from local_kfp.server.supervisor import RUN_PROCESS
from local_kfp.tests import in_process
from local_kfp.tests.in_process import InProcessServer

DAY = "2013-05-02"
ON_THE_DAY = f'parameters: {{as_of: "{DAY}"}}'
"""Tasks go by the clock of this machine, not by that of the server."""
AGAIN = f'{{pipeline: training, cron: "0 1 * * *", {ON_THE_DAY}}}'
CHANGES = (
    ("as_of: 2013-09-02 ", "as_of: today "),
    ("training_days: 194", "training_days: 14"),
    ("evaluation_days: 49", "evaluation_days: 21"),
    ("max_iter: 100", "max_iter: 3"),
    ("floor: 0.6", "floor: 0.5"),
    ("shard_rows: 500000", "shard_rows: 600"),
    ('training, cron: "29 2 1 * *"}', f'training, cron: "0 1 * * *", {ON_THE_DAY}}}\n    again: {AGAIN}'),
    ('monitoring, cron: "29 3 * * 1"', f'inference, cron: "0 9 * * *", {ON_THE_DAY}'),
    ('inference, cron: "29 * * * *"', f'inference, cron: "0 9 * * *", {ON_THE_DAY}'),
)


@pytest.fixture
def server(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessServer]:
    """It runs what it is asked to, and its clock stands at midnight."""
    monkeypatch.setattr(in_process, "PATIENCE_SECONDS", 90)
    (project.root / ".mlops").mkdir(exist_ok=True)
    with InProcessServer(project.root / ".mlops", RUN_PROCESS) as running:
        running.clock.time = int(datetime.fromisoformat(f"{DAY}T00:00").replace(tzinfo=UTC).timestamp())
        yield running
    assert not running.departures


def states(client: Client) -> list[str]:
    """Of all runs, oldest first, once they have ended."""
    runs = kfp_lists.runs(client, "")[::-1]
    return [run.state for run in runs] if runs and all(run.state in FINAL for run in runs) else []


def test_of_two_runs_that_are_due_at_once_one_promotes_and_one_publishes(
    project: Project, server: InProcessServer, tmp_path: Path
) -> None:
    project.edit("mlops.yaml", *CHANGES)
    project.commit()
    (tmp_path / "models").mkdir()
    uri = tmp_path.as_uri()
    environment = {
        "KUBEFLOW_HOST": server.url,
        "MODEL_REGISTRY_URI": f"{uri}/models",
        "PREDICTIONS_URI": f"{uri}/predictions",
    }
    for script in ("compile_pipelines", "deploy_pipelines", "reconcile_schedules"):
        done = project.run(script, **environment)
        assert done.returncode == 0, done.stderr
    client = open_client(server.url)

    server.clock.time += 2 * 3600
    in_process.wait_until(lambda: len(states(client)) == 2)
    assert states(client) == ["SUCCEEDED"] * 2
    registry = ModelRegistry(f"{uri}/models", "flight-delays")
    assert [move["move"] for move in registry.history()] == ["promote"]
    assert registry.champion()["verdict"]["as_of"] == DAY
    assert len(list(registry.versions())) == 1

    server.clock.time += 8 * 3600
    in_process.wait_until(lambda: len(states(client)) == 4)
    assert states(client) == ["SUCCEEDED"] * 4
    kept = Predictions(f"{uri}/predictions", "flight-delays")
    assert kept.days() == [DAY]
    manifest = kept.manifest(DAY)
    assert manifest["rows"]["predicted"] == len(flights_of_the_day())
    assert len(list(tmp_path.glob(f"predictions/flight-delays/{DAY}/files/*"))) == len(
        manifest["predictions"]
    )
