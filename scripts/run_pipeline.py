"""Run a pipeline on the endpoint and follow it: exit 0 if it succeeded, 1 if it did not."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, parser, run

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client
    from engine.kubeflow.runs import Run

LOG_LINES = 30


def main() -> int:
    arguments = _parser().parse_args()

    from engine.kubeflow import runs
    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.parameters import read_parameters
    from engine.kubeflow.progress import Progress
    from engine.kubeflow.uploads import newest_version, read_spec, upload

    is_file = arguments.pipeline.endswith((".yaml", ".yml"))
    spec = read_spec(Path(arguments.pipeline)) if is_file else None
    with connect(Path.cwd()) as client:
        if spec:
            version = upload(client, Path(arguments.pipeline))
        else:
            version, spec = newest_version(client, arguments.pipeline)
        parameters = read_parameters(spec, arguments.parameters, arguments.parameter)
        name = arguments.name or f"{version.pipeline} {version.name}"
        with runs.started(client, version, name, parameters) as run_id:
            print(f"run {run_id} of {version.pipeline} on {client.host}", flush=True)
            finished = runs.follow(client, run_id, Progress())
        _show_failures(client, finished)
    if finished.state != "SUCCEEDED":
        failed = ", ".join(task.name for task in finished.tasks if task.state == "FAILED")
        why = failed or finished.error or "no task says why"
        raise Finding(f"run {run_id}: expected it to succeed, found {finished.state}: {why}")
    return 0


def _show_failures(client: "Client", finished: "Run") -> None:
    from engine.kubeflow.runs import failed_logs

    for task, log in failed_logs(client, finished):
        lines = log.splitlines()
        print(f"\n{task.name} printed{' last' * (len(lines) > LOG_LINES)}:")
        print(*(f"  {line}" for line in lines[-LOG_LINES:]), sep="\n", flush=True)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("pipeline", help="a compiled YAML, or the name of a pipeline that was uploaded")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    options.add_argument("--parameters", type=Path, metavar="FILE", help="a JSON object of name: value")
    options.add_argument("--name", help="of the run (default: the pipeline's and the version's)")
    return options


if __name__ == "__main__":
    run(main)
