"""An alarm of monitoring: it trains, gates and promotes in the same run."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.project import Project, copy_of_this_project
from engine.tests.seaweedfs import SeaweedFS

SCHEMA = json.loads(Path("engine/documents/decision.schema.json").read_bytes())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Quick to train: six weeks, one tree."""
    made = copy_of_this_project(tmp_path_factory.mktemp("monitored") / "project")
    settings = (made.root / "mlops.yaml").read_text()
    changes = [("training_days: 194", "training_days: 42"), ("evaluation_days: 49", "evaluation_days: 21")]
    changes += [
        ("max_iter: 100", "max_iter: 1"),
        ("windows: 2", "windows: 1"),
    ]
    changes += [("alarms: 2 ", "alarms: 1 "), ("floor: 0.6", "floor: 0.5")]
    assert all(old in settings for old, _ in changes)
    made.edit("mlops.yaml", *changes)
    made.commit()
    return made


def monitor(project: Project, day: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    done = project.run("monitor", "--as-of", day, **environment)
    print(done.stdout, done.stderr)
    assert done.returncode in (0, 1), done.stderr
    decision = json.loads((project.root / "build/monitor/decision.json").read_text())
    jsonschema.validate(decision, SCHEMA, jsonschema.Draft202012Validator)
    return done.returncode, decision, done.stdout


def test_an_alarm_trains_gates_and_promotes_once(project: Project, seaweedfs: SeaweedFS, s3_identity) -> None:
    folder = seaweedfs.new_folder()
    environment = seaweedfs.environment("admin") | {"MODEL_REGISTRY_URI": folder}
    none = project.run("monitor", "--as-of", "2013-04-16", **environment)
    assert (none.returncode, none.stderr) == (
        2,
        "error: flight-delays: expected a champion, found none; run make promote\n",
    )
    trained = project.run("train", "--as-of", "2013-04-16", **environment)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    registry = ModelRegistry(folder, "flight-delays")
    first = registry.champion()["version"]

    project.edit("mlops.yaml", ("max_iter: 1,", "max_iter: 60,"))
    project.commit()
    status, decision, said = monitor(project, "2013-05-07", **environment)
    assert (status, decision["decision"], decision["reasons"]) == (1, "ALARM", ["shadow"])
    assert decision["drift"]["features"]
    reason = json.loads((project.root / "build/monitor/training/verdict.json").read_text())["reason"]
    assert "the new model is BETTER, and took over" in said, reason
    assert registry.champion()["version"] != first
    assert (project.root / "build/monitor/training/report.html").exists()
    assert [alarm["version"] for alarm in registry.monitored()[0]["alarms"]] == [first]
