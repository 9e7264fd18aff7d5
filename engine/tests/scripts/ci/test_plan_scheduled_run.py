"""Tests of scripts/ci/plan_scheduled_run.py: one clock; what cannot run is skipped visibly."""

from pathlib import Path

import pytest

from engine.tests.demo_files import DEMO_SETTINGS

REGISTRY = {"MODEL_REGISTRY_URI": "s3://models", "PREDICTIONS_URI": "s3://predictions"}
ENDPOINT = REGISTRY | {"KUBEFLOW_HOST": "https://kubeflow.example"}


@pytest.mark.parametrize(
    ("event", "settings", "work", "said"),
    [
        (
            "schedule",
            {},
            "none",
            "skipped: no model registry: MODEL_REGISTRY_URI and PREDICTIONS_URI are not set",
        ),
        ("schedule", {"MODEL_REGISTRY_URI": "s3://m"}, "none", "skipped: nowhere to keep predictions"),
        ("schedule", REGISTRY, "run", "runs on this runner"),
        ("schedule", ENDPOINT, "watch", "the endpoint's recurring runs are the clock"),
        ("workflow_dispatch", ENDPOINT, "run", "runs on the endpoint"),
    ],
)
def test_plan_of_a_scheduled_run_says_whether_and_where_it_runs(
    call, tmp_path: Path, event: str, settings: dict[str, str], work: str, said: str
):
    (tmp_path / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    unset = dict.fromkeys(ENDPOINT, "")
    done = call(tmp_path, "plan_scheduled_run", "inference", GITHUB_EVENT_NAME=event, **unset | settings)
    assert done.status == 0, done.error
    assert done.outputs == {"work": work, "endpoint": str("KUBEFLOW_HOST" in settings).lower()}
    assert f"inference: {said}" in done.summary
    assert done.summary in done.printed.replace("note: ", "")


def test_a_disabled_schedule_runs_only_by_hand(call, tmp_path: Path):
    text = DEMO_SETTINGS.read_text()
    (tmp_path / "mlops.yaml").write_text(text.replace('"29 * * * *"', '"29 * * * *", enabled: false'))
    for event, work in (("schedule", "none"), ("workflow_dispatch", "run")):
        done = call(
            tmp_path, "plan_scheduled_run", "inference", GITHUB_EVENT_NAME=event, KUBEFLOW_HOST="", **REGISTRY
        )
        assert done.outputs["work"] == work
