"""The run of pr.yml that the event workflow_run tells of, and the pull requests that it judged."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from engine.command_line import SettingsError
from engine.github.answers import PullRequest, WorkflowRun
from engine.github.api import GitHub

WORKFLOW = ".github/workflows/pr.yml"


def read_event() -> WorkflowRun:
    """The run that ended."""
    path = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        run: WorkflowRun = json.loads(Path(path).read_bytes())["workflow_run"]
        return run
    except (OSError, ValueError, LookupError, TypeError):
        raise SettingsError(
            f"GITHUB_EVENT_PATH: expected a file with the event workflow_run, found {path!r}"
        ) from None


def not_ours(run: WorkflowRun) -> str:
    """Why a run has nothing to tell a pull request: anyone may give a workflow of their own the same name."""
    if run["path"].partition("@")[0] != WORKFLOW:  # which may name a branch behind it
        return f"the run is of {run['path']}, not of {WORKFLOW}"
    if run["event"] != "pull_request":
        return f"the run is of the event {run['event']}, not of a pull request"
    if run["conclusion"] == "skipped":
        return "the run judged nothing, because only the title of the pull request changed"
    return "" if run["head_repository"] else "the fork is gone"


def pulls_of(github: GitHub, run: WorkflowRun) -> Iterator[int]:
    """The open pull requests with exactly this head; the event names none of a fork's."""
    source, named = run["head_repository"], {each["number"] for each in run["pull_requests"] or ()}
    if source is None:
        return
    head = f"{source['owner']['login']}:{run['head_branch']}"
    pulls: Iterator[PullRequest] = github.pages("pulls", state="open", head=head)
    for pull in pulls:
        repository = pull["head"]["repo"]
        same = repository is not None and repository["full_name"] == source["full_name"]
        if same and pull["head"]["sha"] == run["head_sha"] and pull["number"] in (named or {pull["number"]}):
            yield pull["number"]
