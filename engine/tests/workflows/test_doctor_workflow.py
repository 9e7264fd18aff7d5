"""doctor.yml: what an environment leads to is checked by one job, and a failure names its repair."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.tests.workflows.act import Runner


def test_an_environment_with_one_wrong_setting_fails_with_its_repair(
    on_github: Callable[..., Runner], tmp_path: Path
) -> None:
    github, registry = on_github(), (tmp_path / "models").as_uri()
    runner = replace(github, variables={"MODEL_REGISTRY_URI": registry, "RESULTS_URI": "bucket/results"})
    event = github.origin.on_main("workflow_dispatch", {"inputs": {"environment": "staging"}})

    run = runner.run("doctor.yml", event, jobs=["environment"], given={"images": "failure"})

    assert run.results["environment"] == "failure", run.printed
    assert f"ok      MODEL_REGISTRY_URI: {registry} can be written and read" in run.printed
    assert "repair: gh variable set RESULTS_URI --env" in run.printed
    assert "skipped endpoint: KUBEFLOW_HOST is not set" in run.printed
