"""Train the committed code's model on the endpoint, and promote it if it passes the gate; else exit 1."""

import argparse
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError, day, parser, run
from engine.github.step import add_summary, set_outputs

if TYPE_CHECKING:
    from engine.documents.verdict import Verdict
    from engine.kubeflow.kfp_client import Client
    from engine.kubeflow.uploads import PipelineVersion

PIPELINE = "training"
RESULTS = Path("build/train")


def main() -> int:
    arguments = _parser().parse_args()
    deployed_to = os.environ.get("KUBEFLOW_HOST")
    if arguments.detach and not deployed_to:
        raise SettingsError("--detach: expected KUBEFLOW_HOST: the local KFP server ends with this command")

    from engine.gate import judged_run, model_code, training_run
    from engine.gate.estimator_settings import check_estimator
    from engine.kubeflow.deployment import deployed
    from engine.kubeflow.endpoint import connect, remote_host
    from engine.kubeflow.pipeline_compiler import read_references
    from engine.kubeflow.uploads import upload
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.reporting import terminal
    from engine.reporting.news import training_news
    from engine.sources import WorkTree

    root = Path.cwd()
    code = model_code.read(WorkTree(root))
    check_estimator(code)
    commit = training_run.commit_of(root, code)
    if arguments.images:
        code = training_run.pushed(code, read_references(arguments.images))
    as_of = str(arguments.as_of or code.settings.as_of())
    references = {name: image.reference for name, image in code.images.items()}
    registry_uri = model_registry_uri(root)
    judged_run.expect_reachable(code.settings, references, registry_uri)
    training_run.expect_servable(code, registry_uri)
    registry = ModelRegistry(registry_uri, code.settings.model)
    judged_run.recover_images(root, registry.champion(), registry)
    training_run.keep_contexts(code, registry_uri)
    parameters = training_run.question(code, commit, as_of) | {"model_registry_uri": registry_uri}
    tasks = code.settings.tasks(on_cluster=remote_host() is not None)
    compiled = judged_run.compiled_to(root / RESULTS, root, PIPELINE, references, tasks)
    with connect(root) as client:
        version = deployed(client, compiled) if deployed_to else upload(client, compiled)
        verdict = _train(client, version, f"train-{commit[:12]}-{as_of}", parameters, arguments.detach)
        if arguments.detach:
            training_run.end_older(client, root, commit)
    if verdict is None:
        return 0
    terminal.show(verdict, sys.stdout)
    add_summary((RESULTS / "report.md").read_text())
    set_outputs(news=training_news(verdict))
    return 0 if verdict["passed"] or arguments.smoke else Finding.status


def _train(
    client: "Client", version: "PipelineVersion", name: str, parameters: dict[str, str], detach: bool
) -> "Verdict | None":
    """The verdict of the run called `name`, started if none of that name is active; None: detached."""
    from engine.gate import judged_run
    from engine.kubeflow import runs
    from engine.kubeflow.progress import Progress

    results = Path.cwd() / RESULTS
    under_way = runs.under_way(client, name)
    if under_way:
        results_uri = under_way[0].parameters["results_uri"]
        following: AbstractContextManager[str] = runs.ended_with_us(client, under_way[0].id)
    else:
        results_uri = judged_run.results_uri_of_a_run(results)
        following = runs.started(client, version, name, parameters | {"results_uri": results_uri})
    with following as run_id:
        url = f"{client.host}/#/runs/details/{run_id}"
        already = ", under way already" if under_way else ""
        print(f"run {run_id} of {version.pipeline} {version.name}{already}: {url}", flush=True)
        set_outputs(run_id=run_id, run_url=url)
        if detach:
            return None
        finished = runs.follow(client, run_id, Progress())
    return judged_run.concluded(client, finished, results_uri, results)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--images", type=Path, metavar="FILE", help="references by component, as JSON (default: staged here)"
    )
    options.add_argument("--as-of", type=day, metavar="DAY", help="the day that the windows count back from")
    options.add_argument(
        "--detach",
        action="store_true",
        help="start it, do not wait for its end, and end those of older commits",
    )
    options.add_argument("--smoke", action="store_true", help="a loss is no failure, if the run succeeded")
    return options


if __name__ == "__main__":
    run(main)
