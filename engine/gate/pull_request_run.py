"""The run that judges one state of a pull request: found again by what it is, left going, or replaced."""

import hashlib
import json
import math
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.command_line import Finding, WorldError
from engine.command_line.signals import sigterm_exits
from engine.documents.verdict import Verdict
from engine.gate.judged_run import agrees, clear, concluded, read_verdict
from engine.kubeflow import runs
from engine.kubeflow.endpoint import connect
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.progress import Progress
from engine.kubeflow.runs import FINAL, Run
from engine.kubeflow.uploads import upload
from engine.settings.settings_schema import canonical_json

DETACHED = "detached.json"


@dataclass(frozen=True)
class PullRequest:
    number: int
    sha: str
    """The head's, which also names a merge of it with its base."""

    def called(self, what: str) -> str:
        """Everything that a pull request leaves on an endpoint begins alike, so that it can be cleaned up."""
        return f"pr-{self.number}-{what}"


def judge(
    root: Path,
    pull_request: PullRequest,
    compiled: Path,
    parameters: Mapping[str, str],
    champion: str,
    minutes: float = math.inf,
) -> Verdict:
    """The verdict of the run of `compiled`; its documents are left beside that.

    The answer depends on the version `champion` and on the parameters. A run that takes more than `minutes`
    is left going, and another call of this follows it or reads its verdict.
    """
    results = compiled.parent
    (results / DETACHED).unlink(missing_ok=True)
    name = pull_request.called(pull_request.sha[:12])
    folder = f"{results_folder(results)}/{name}/{content_hash(compiled, parameters, champion)}/"
    with connect(root) as client:
        version = upload(client, compiled, pipeline_name=pull_request.called(compiled.stem))
        earlier = runs.living(client, runs.find(client, f"pr-{pull_request.number}"))
        same = [run for run in earlier if run.name == name and results_uri(run).startswith(folder)]
        same_run = same[0] if same and same[0].state != "CANCELING" else None
        end_others(client, earlier, same_run)
        if same_run and same_run.state in FINAL:
            if verdict := read_ended(client, same_run, results):
                print(f"run {same_run.id} of {version.pipeline} on {client.host} has judged this before")
                return verdict
            same_run = None
        uri = results_uri(same_run) if same_run else f"{folder}{uuid.uuid4().hex}"
        run_parameters = {**parameters, "results_uri": uri}
        with (
            sigterm_exits(),
            runs.ended_with_us(
                client, same_run.id if same_run else runs.start(client, version, name, run_parameters)
            ) as run_id,
        ):
            print(f"run {run_id} of {version.pipeline} on {client.host}", flush=True)
            run = runs.follow(client, run_id, Progress(), seconds=60 * minutes)
            if run.state not in FINAL and not os.environ.get("KUBEFLOW_HOST"):
                raise WorldError(
                    f"run {run_id}: expected its end within {minutes:g} minutes, found {run.state}"
                )
        if run.state not in FINAL:
            raise Finding(detach(client, run, pull_request, results))
        return concluded(client, run, uri, results)


def results_folder(results: Path) -> str:
    return os.environ.get("RESULTS_URI", "").rstrip("/") or results.as_uri()


def content_hash(compiled: Path, parameters: Mapping[str, str], champion: str) -> str:
    """Of all that a verdict depends on."""
    question = canonical_json({"parameters": dict(parameters), "about": champion})
    return hashlib.sha256(compiled.read_bytes() + question.encode()).hexdigest()[:16]


def results_uri(run: Run) -> str:
    return str(run.parameters.get("results_uri", ""))


def end_others(client: Client, earlier: list[Run], same_run: Run | None) -> None:
    """Terminate what still judges another state of the pull request: its result is not needed any more."""
    for run in earlier:
        if run.state not in FINAL and run is not same_run:
            print(
                f"run {run.id}, {run.name}, is of another state: {runs.terminate(client, run.id)}", flush=True
            )


def read_ended(client: Client, run: Run, results: Path) -> Verdict | None:
    """The verdict of an ended run, if it left one."""
    verdict = read_verdict(results_uri(run), results)
    if agrees(runs.read_settled_run(client, run.id), verdict):
        return verdict
    clear(results)
    return None


def detach(client: Client, run: Run, pull_request: PullRequest, results: Path) -> str:
    """Record where the run continues; return the sentence about it."""
    url = urlsplit(client.host)
    host = url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    detached = {
        "run_id": run.id,
        "run_name": run.name,
        "host": host,
        "results_uri": results_uri(run),
        "pull_request": pull_request.number,
        "sha": pull_request.sha,
    }
    text = json.dumps(detached, indent=2)
    (results / DETACHED).write_text(f"{text}\n")
    print(text, flush=True)
    return f"run {run.id}: {run.state}, and it goes on without us; run this again when it has ended"
