"""Make the endpoint's recurring runs those that mlops.yaml declares, and touch no others."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import SettingsError, parser, run
from engine.github.step import add_notice, add_summary

if TYPE_CHECKING:
    from engine.gate.model_code import ModelCode
    from engine.kubeflow.kfp_client import Client
    from engine.kubeflow.recurring_runs import Wanted
    from engine.settings.schedules_schema import Schedule


def main() -> int:
    arguments = _parser().parse_args()
    if not os.environ.get("KUBEFLOW_HOST"):
        print("KUBEFLOW_HOST is not set: GitHub's schedules are the clock")
        return 0

    from engine.gate import judged_run, model_code, training_run
    from engine.kubeflow import recurring_runs
    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.pipeline_compiler import read_references
    from engine.model_registry.place import model_registry_uri
    from engine.sources import WorkTree

    root = Path.cwd()
    code = model_code.read(WorkTree(root))
    commit = training_run.commit_of(root, code)
    if arguments.images:
        code = training_run.pushed(code, read_references(arguments.images))
    references = {name: image.reference for name, image in code.images.items()}
    judged_run.expect_reachable(code.settings, references, model_registry_uri(root))
    lines = []
    with connect(root) as client:
        existing = recurring_runs.ours(client, code.settings.model)
        recurring_runs.expect_time_zone(client, code.settings.schedules, existing)
        wanted = {each.name: each for each in _wanted(client, root, code, commit)}
        for name in sorted({*existing, *wanted}):
            states = (name, wanted.get(name), existing.get(name, []), arguments.dry_run)
            for line in recurring_runs.reconcile(client, *states):
                print(line, flush=True)
                lines.append(f"- {line}\n")
    if not lines:
        print("the recurring runs are as declared")
    add_summary("".join(lines))
    return 0


def _wanted(client: "Client", root: Path, code: "ModelCode", commit: str) -> "list[Wanted]":
    """The recurring runs that are declared, but for those that this environment lacks a setting for."""
    from engine.kubeflow.endpoint import remote_host
    from engine.kubeflow.recurring_runs import Wanted, version_to_run

    schedules, wanted = code.settings.schedules, []
    for name, schedule in schedules.runs.items():
        if schedule.pipeline == "inference" and remote_host() and not os.environ.get("PREDICTIONS_URI"):
            add_notice(f"schedules.runs.{name}: skipped: PREDICTIONS_URI is not set")
            continue
        version, inputs = version_to_run(client, schedule)
        parameters = question(root, code, commit, name, schedule)
        where = f"mlops.yaml: schedules.runs.{name}: {version.pipeline} {version.name}"
        if unknown := sorted({*parameters} - {*inputs}):
            raise SettingsError(f"{where}: expected no parameter {unknown[0]}; is it of this checkout?")
        required = {each for each, parameter in inputs.items() if not parameter.get("isOptional")}
        if missing := sorted(required - {*parameters}):
            raise SettingsError(f"{where}: expected a parameter {missing[0]}, found none")
        wanted.append(Wanted(code.settings.model, name, schedules.time_zone, schedule, version, parameters))
    return wanted


def question(root: Path, code: "ModelCode", commit: str, name: str, schedule: "Schedule") -> dict[str, str]:
    """The parameters of each run, as train, monitor and predict would send them on the day."""
    from engine.gate import training_run
    from engine.model_registry.place import model_registry_uri
    from scripts import monitor, predict

    settings, as_of = code.settings, schedule.parameters.get("as_of", str(code.settings.data.as_of))
    folder = os.environ.get("RESULTS_URI") or (root / "build/schedules").as_uri()
    results_uri = f"{folder.rstrip('/')}/{settings.model}/{name}/"  # and below it the run's own folder
    match schedule.pipeline:
        case "training":
            parameters = training_run.question(code, commit, as_of) | {"results_uri": results_uri}
        case "monitoring":
            parameters = monitor.question(code, commit, as_of) | {
                "results_uri": results_uri,
                "training_results_uri": f"{results_uri}{monitor.TRAINING}/",
            }
        case "inference":
            parameters = predict.question(settings, as_of)
    return parameters | {"model_registry_uri": model_registry_uri(root)} | schedule.parameters


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--images", type=Path, metavar="FILE", help="references by component, as JSON (default: staged here)"
    )
    options.add_argument("--dry-run", action="store_true", help="say what would change")
    return options


if __name__ == "__main__":
    run(main)
