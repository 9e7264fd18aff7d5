"""Check the champion on recent data: report an alarm and what it started, or why there is no alarm."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError, WorldError, day, parser, run
from engine.github.step import add_summary, set_outputs

if TYPE_CHECKING:
    from engine.documents.monitor_decision import Decision
    from engine.documents.parts import Provenance
    from engine.documents.verdict import Verdict
    from engine.gate.model_code import ModelCode
    from engine.settings.tasks_schema import TaskSettings

PIPELINE = "monitoring"
RESULTS = Path("build/monitor")
DOCUMENTS = ("decision.json", "monitoring.html", "monitoring.md")
TRAINING = "training"


def main() -> int:
    """Exit status 0: no alarm, 1: an alarm; of one that is answered, as `--unattended` says."""
    arguments = _parser().parse_args()

    from engine.gate import judged_run, model_code, training_run
    from engine.kubeflow.endpoint import remote_host
    from engine.kubeflow.pipeline_compiler import read_references
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.reporting import monitoring_terminal as terminal
    from engine.reporting.news import monitoring_news
    from engine.sources import WorkTree

    root = Path.cwd()
    code = model_code.read(WorkTree(root))
    commit = training_run.commit_of(root, code)
    if arguments.images:
        code = training_run.pushed(code, read_references(arguments.images))
    registry_uri = model_registry_uri(root)
    registry = ModelRegistry(registry_uri, code.settings.model)
    champion = registry.champion()
    if champion is None:
        raise SettingsError(f"{code.settings.model}: expected a champion, found none; run make promote")
    references = {name: image.reference for name, image in code.images.items()}
    judged_run.expect_reachable(code.settings, references, registry_uri)
    training_run.expect_servable(code, registry_uri)
    judged_run.recover_images(root, champion, registry)
    training_run.keep_contexts(code, registry_uri)
    parameters = question(code, commit, str(arguments.as_of or code.settings.as_of()))
    parameters |= {"model_registry_uri": registry_uri}
    tasks = code.settings.tasks(on_cluster=remote_host() is not None)
    decision, verdict = monitor(root, tasks, references, parameters)
    terminal.show(decision, sys.stdout)
    if verdict:
        took_over = "and took over" if verdict["passed"] else "and the champion stays"
        print(f"training: the new model is {verdict['verdict']}, {took_over}")
    print(f"report: {(root / RESULTS / 'monitoring.html').as_uri()}")
    add_summary((root / RESULTS / "monitoring.md").read_text())
    set_outputs(
        decision=decision["decision"],
        alarm=str(decision["alarm"]).lower(),
        key=decision["key"] or "",
        news=monitoring_news(decision, verdict),
    )
    return status(decision, verdict, arguments.unattended)


def status(decision: "Decision", verdict: "Verdict | None", unattended: bool) -> int:
    answered = verdict["passed"] if verdict else decision["start"] == "github"
    return Finding.status if decision["alarm"] and not (unattended and answered) else 0


def question(code: "ModelCode", commit: str, as_of: str) -> dict[str, str]:
    """The parameters of the monitoring pipeline, but for where models are and where its results go."""
    from engine.gate import training_run

    training = training_run.question(code, commit, as_of)
    provenance: Provenance = {"model": code.settings.model, "commit": commit}
    own = {
        "data_settings": code.settings.data_settings(code.source.root, code.settings.monitored_days()),
        "policy": code.settings.monitoring_policy(),
        "provenance": json.dumps(provenance),
    }
    return training | own | {f"training_{name}": training[name] for name in own}


def monitor(
    root: Path, tasks: "TaskSettings", references: dict[str, str], parameters: dict[str, str]
) -> tuple["Decision", "Verdict | None"]:
    """The decision of a run of the pipeline, and the verdict on the model that an alarm trained in it."""
    from engine.gate import judged_run
    from engine.kubeflow import runs
    from engine.kubeflow.deployment import deployed
    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.progress import Progress
    from engine.kubeflow.uploads import upload

    results = root / RESULTS
    for name in DOCUMENTS:  # what an earlier run decided must never pass for this one's
        (results / name).unlink(missing_ok=True)
    compiled = judged_run.compiled_to(results, root, PIPELINE, references, tasks)
    judged_run.clear(results / TRAINING)
    with connect(root) as client:
        version = deployed(client, compiled) if os.environ.get("KUBEFLOW_HOST") else upload(client, compiled)
        uri = judged_run.results_uri_of_a_run(results)
        training_uri = f"{uri}/{TRAINING}"
        parameters |= {"results_uri": uri, "training_results_uri": training_uri}
        with runs.started(client, version, PIPELINE, parameters) as run_id:
            print(f"run {run_id} of {PIPELINE} on {client.host}", flush=True)
            finished = runs.follow(client, run_id, Progress())
        decision = read_decision(uri, results)
        verdict = judged_run.read_verdict(training_uri, results / TRAINING)
        trains = decision and decision["alarm"] and decision["start"] == "nested"
        if finished.state != "SUCCEEDED" or not decision or bool(trains) != bool(verdict):
            raise WorldError(judged_run.explained(client, finished))
    return decision, verdict


def read_decision(uri: str, results: Path) -> "Decision | None":
    """The decision at `uri`, the documents fetched from there to `results`; None if none was made."""
    from engine.documents import files
    from engine.documents.monitor_decision import Decision
    from engine.stores import storage

    try:
        for name in DOCUMENTS:
            content = storage.read_bytes(f"{uri}/{name}")
            if uri != results.as_uri():
                (results / name).write_bytes(content)
    except storage.NotFound:
        return None
    return files.read(results / "decision.json", Decision)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--images", type=Path, metavar="FILE", help="references by component, as JSON (default: staged here)"
    )
    options.add_argument("--as-of", type=day, metavar="DAY", help="the day that the windows count back from")
    options.add_argument(
        "--unattended",
        action="store_true",
        help="an alarm is not a failure if a new model took over, or training.yml is to be started",
    )
    return options


if __name__ == "__main__":
    run(main)
