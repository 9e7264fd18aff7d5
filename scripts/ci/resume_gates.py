"""Run the gates again that left their runs going, once those have ended: they then read the verdicts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.command_line import WorldError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.github.api import GitHub
    from engine.kubeflow.kfp_client import Client

PERMISSIONS = {"actions": "write", "pull-requests": "read", "statuses": "read"}
CONTEXT = "gate"
WORKFLOW = "pr.yml"


def main() -> int:
    parser(__doc__).parse_args()
    if not os.environ.get("KUBEFLOW_HOST"):
        print("KUBEFLOW_HOST is not set: no gate leaves a run going")
        return 0

    from engine.github.api import GitHub

    github, problems = GitHub(), []
    waiting = [pull for pull in github.pages("pulls", state="open") if _is_pending(github, pull)]
    if not waiting:
        print("no gate waits for its run")
        return 0

    from engine.kubeflow.endpoint import connect

    with connect(Path.cwd()) as client:
        for pull in waiting:
            try:
                _say(f"pull request {pull['number']}: {_resume(github, client, pull)}")
            except WorldError as error:
                problems.append(f"pull request {pull['number']}: {error}")
    if problems:
        raise WorldError("; ".join(problems))
    return 0


def _is_pending(github: "GitHub", pull: dict[str, Any]) -> bool:
    """Whether the newest word on the gate of its head is that there is none yet."""
    statuses = github.pages("commits", pull["head"]["sha"], "statuses")  # newest first
    newest = next((status for status in statuses if status["context"] == CONTEXT), None)
    return newest is not None and newest["state"] == "pending"


def _resume(github: "GitHub", client: "Client", pull: dict[str, Any]) -> str:
    """Have the failed jobs run again, where the run on the endpoint has ended; what was done, in words."""
    from engine.kubeflow.runs import FINAL, find

    runs = find(client, f"pr-{pull['number']}-{pull['head']['sha'][:12]}")
    if not runs:
        return "has no run on this endpoint"
    if any(run.state not in FINAL for run in runs):
        return "its run goes on"
    query = {"head_sha": pull["head"]["sha"], "event": "pull_request"}
    pages = github.pages("actions", "workflows", WORKFLOW, "runs", inside="workflow_runs", **query)
    judged = (each for each in pages if each["conclusion"] != "skipped")
    newest = max(judged, key=lambda each: each["run_number"], default=None)
    if newest is None or newest["status"] != "completed" or newest["conclusion"] == "success":
        return "has no failed jobs to run again"
    github.post("actions", "runs", newest["id"], "rerun-failed-jobs")
    return "its run has ended, and its failed jobs run again"


def _say(text: str) -> None:
    print(text, flush=True)
    add_summary(f"- {text}\n")


if __name__ == "__main__":
    run(main)
