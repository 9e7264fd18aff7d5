"""Tests of scripts/predict.py: what the pipeline is asked. Its runs are in engine/tests/gate."""

import json
from pathlib import Path

import pytest

from engine.command_line import SettingsError
from engine.settings.settings import load
from engine.tests.demo_files import DEMO_SETTINGS
from scripts import predict


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("KUBEFLOW_HOST", "PREDICTIONS_URI"):
        monkeypatch.delenv(variable, raising=False)


def test_predictions_of_a_laptop_are_stored_in_the_checkout() -> None:
    settings = load(DEMO_SETTINGS)
    asked = predict.question(settings, "2013-09-02")
    assert asked["predictions_uri"] == (predict.ROOT / ".mlops/predictions").as_uri()
    assert (asked["model"], asked["input_uri"]) == (settings.model, "")
    assert "parallelism" not in json.loads(asked["inference_settings"])


def test_another_input_may_be_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(DEMO_SETTINGS)
    for given, meant in (("rows", (tmp_path / "rows").as_uri()), ("s3://rows", "s3://rows")):
        assert predict.question(settings, "2013-09-02", given)["input_uri"] == meant


def test_an_endpoint_elsewhere_needs_a_place_to_write_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEFLOW_HOST", "https://kubeflow.example")
    with pytest.raises(SettingsError, match="PREDICTIONS_URI: expected a place that"):
        predict.predictions_uri()
    monkeypatch.setenv("PREDICTIONS_URI", "s3://predictions")
    assert predict.predictions_uri() == "s3://predictions"
