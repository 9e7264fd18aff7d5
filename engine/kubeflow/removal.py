"""Ends and deletes what stands on the endpoint under a name, as far as it can: one failure stops nothing."""

from collections.abc import Callable
from typing import Any

from engine.command_line import WorldError
from engine.kubeflow import kfp_lists
from engine.kubeflow.kfp_client import Client, Refused
from engine.kubeflow.runs import FINAL, terminate

GONE = 404


def end_runs(client: Client, name: str) -> list[str]:
    """Terminate the runs called `name` or `name`-something; a line for each that has not ended."""
    return [problem for run in kfp_lists.runs(client, name) for problem in _end(client, run)]


def remove(client: Client, name: str) -> list[str]:
    """Delete runs, experiments and pipelines called so; a line for each that is still there.

    A run that does not end is deleted too, and its Workflow with it: without one it would never end.
    """
    experiments = kfp_lists.experiments(client, name)
    runs = kfp_lists.runs(client, name)
    for experiment in experiments:
        runs += kfp_lists.runs(client, "", experiment.experiment_id)
    problems = []
    for run in {run.run_id: run for run in runs}.values():
        _end(client, run)
        problems += _delete(f"run {run.display_name}", client.delete_run, run.run_id)
    if not problems:  # a run needs the experiment and the pipeline that it is of
        for experiment in experiments:
            what = f"experiment {experiment.display_name}"
            problems += _delete(what, client.delete_experiment, experiment.experiment_id)
        for pipeline in kfp_lists.pipelines(client, name):
            problems += _delete_pipeline(client, pipeline)
    return problems


def _end(client: Client, run: Any) -> list[str]:
    if run.state in FINAL:
        return []
    outcome = terminate(client, run.run_id)
    print(f"run {run.display_name}: {outcome}", flush=True)
    return [] if outcome.startswith("ended") else [f"run {run.display_name}: {outcome}"]


def _delete_pipeline(client: Client, pipeline: Any) -> list[str]:
    """Versions first: a pipeline that has one is not deleted."""
    what, identity, problems = f"pipeline {pipeline.display_name}", pipeline.pipeline_id, []
    for version in kfp_lists.versions(client, identity):
        name = f"{what} {version.display_name}"
        problems += _delete(name, client.delete_pipeline_version, identity, version.pipeline_version_id)
    return problems or _delete(what, client.delete_pipeline, identity)


def _delete(what: str, delete: Callable[..., Any], *identity: str) -> list[str]:
    try:
        delete(*identity)
    except WorldError as error:
        if not isinstance(error, Refused) or error.code != GONE:
            return [f"{what}: {error}"]
    print(f"{what}: deleted", flush=True)
    return []
