"""Run gates again whose runs on the endpoint have ended, and disable gates.yml when no gate waits for one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import WorldError, parser, run
from engine.github.step import add_summary, set_outputs

if TYPE_CHECKING:
    from engine.github.answers import PullRequest
    from engine.github.api import GitHub
    from engine.kubeflow.kfp_client import Client

PERMISSIONS = {"actions": "write", "pull-requests": "read", "statuses": "read"}
CONTEXT = "gate"
WORKFLOW, OWN = "pr.yml", "gates.yml"


def main() -> int:
    parser(__doc__).parse_args()

    from engine.github.api import GitHub

    github, endpoint = GitHub(), bool(os.environ.get("KUBEFLOW_HOST"))
    set_outputs(endpoint=str(endpoint).lower())
    if not endpoint:
        print("KUBEFLOW_HOST is not set: no gate leaves a run going")
        _disable(github)
        return 0
    pending = list(_pending(github))
    if not pending:
        print("no gate waits for its run")
    elif _resume_all(github, pending):
        return 0
    _disable(github)
    _enable_for_new_gates(github, {pull["head"]["sha"] for pull in pending})
    return 0


def _pending(github: "GitHub") -> Iterator["PullRequest"]:
    """The open pull requests whose gate has no verdict yet."""
    return (pull for pull in github.pages("pulls", state="open") if _is_pending(github, pull))


def _resume_all(github: "GitHub", pulls: list["PullRequest"]) -> bool:
    """Whether any of these gates still waits."""
    from engine.kubeflow.endpoint import connect

    problems, waiting = [], False
    with connect(Path.cwd()) as client:
        for pull in pulls:
            try:
                done, waits = _resume(github, client, pull)
            except WorldError as error:
                problems.append(f"pull request {pull['number']}: {error}")
            else:
                waiting |= waits
                _say(f"pull request {pull['number']}: {done}")
    if problems:
        raise WorldError("; ".join(problems))
    return waiting


def _disable(github: "GitHub") -> None:
    from engine.github.workflow_state import switch

    if switch(github, OWN, enabled=False):
        print(f"{OWN} is disabled until a gate waits")


def _enable_for_new_gates(github: "GitHub", done: set[str]) -> None:
    """Enable gates.yml again if a gate of another commit than `done` became pending meanwhile: report.yml
    sets that status before it enables gates.yml, so either this sees the status or report.yml comes later."""
    from engine.github.workflow_state import switch

    if any(pull["head"]["sha"] not in done for pull in _pending(github)):
        switch(github, OWN, enabled=True)
        print(f"{OWN} is enabled: a gate began to wait")


def _is_pending(github: "GitHub", pull: "PullRequest") -> bool:
    """Whether the newest word on the gate of its head is that there is none yet."""
    statuses = github.pages("commits", pull["head"]["sha"], "statuses")  # newest first
    newest = next((status for status in statuses if status["context"] == CONTEXT), None)
    return newest is not None and newest["state"] == "pending"


def _resume(github: "GitHub", client: "Client", pull: "PullRequest") -> tuple[str, bool]:
    """Run the failed jobs again if the run on the endpoint has ended: what was done, and whether to wait."""
    from engine.kubeflow.runs import FINAL, find

    runs = find(client, f"pr-{pull['number']}-{pull['head']['sha'][:12]}")
    if not runs:
        return "has no run on this endpoint", False
    if any(run.state not in FINAL for run in runs):
        return "its run goes on", True
    query = {"head_sha": pull["head"]["sha"], "event": "pull_request"}
    pages = github.pages("actions", "workflows", WORKFLOW, "runs", inside="workflow_runs", **query)
    judged = (each for each in pages if each["conclusion"] != "skipped")
    newest = max(judged, key=lambda each: each["run_number"], default=None)
    if newest is not None and newest["status"] != "completed":
        return "its jobs are still running", True
    if newest is None or newest["conclusion"] == "success":
        return "has no failed jobs to run again", False
    github.post("actions", "runs", newest["id"], "rerun-failed-jobs")
    return "its run has ended, and its failed jobs run again", False


def _say(text: str) -> None:
    print(text, flush=True)
    add_summary(f"- {text}\n")


if __name__ == "__main__":
    run(main)
