"""Accept the regression of a pull request, on its newest commit and in the ledger, and gate it again."""

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.github.answers import PullRequest, WorkflowRun
    from engine.github.api import GitHub

PERMISSIONS = {"actions": "write", "contents": "read", "pull-requests": "read", "statuses": "write"}
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")


def main() -> int:
    """Whatever was done of it before is not done again, so that an interruption is healed by another call."""
    arguments = _parser().parse_args()

    from engine.github.acceptance import ALONE, accept, accepted_regression, is_alone, judging_runs
    from engine.github.api import GitHub

    reason, people = one_line(arguments.reason), callers()
    github, sha = GitHub(), arguments.sha
    pull: PullRequest = github.get("pulls", arguments.pull_request)
    if pull["state"] != "open" or pull["head"]["sha"] != sha:
        raise Finding(f"#{pull['number']}: expected its head to be {sha}, found {pull['head']['sha']}")
    judging = judging_runs(github, pull)
    alone = [is_alone(github, login, pull, judging[0] if judging else None) for login in people]
    if any(alone):
        reason = f"{ALONE}{reason}"
    by, reason = recorded(sha, people[0], reason, pull["number"])
    if accepted_regression(github, sha) != f"accepted by {by}: {reason}":
        accept(github, sha, by, reason)
    say(f"#{pull['number']}: {sha[:12]} is accepted by {by}: {reason}")
    say(gate_again(github, judging[-1] if judging else None))
    return 0


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("pull_request", type=int, metavar="PULL_REQUEST", help="its number")
    options.add_argument("--sha", type=commit, required=True, help="its head, which was reviewed")
    options.add_argument("--reason", required=True, help="why, in one short line")
    return options


def commit(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError(f"expected a whole commit of 40 digits, found {text[:60]!r}")
    return text


def one_line(reason: str) -> str:
    from engine.github.acceptance import LONGEST_REASON
    from engine.wording.text import printable

    words = reason.strip()
    # A commit status takes no character of four bytes.
    if not words or words != printable(words) or len(words) > LONGEST_REASON or max(words) > "\uffff":
        raise SettingsError(
            f"--reason: expected one line of 1 to {LONGEST_REASON} plain characters, found {len(words)}"
        )
    return words


def callers() -> list[str]:
    """Who asked for it, and who ran it again if that is another person: each must be allowed to."""
    names = ("GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR")
    people = list(dict.fromkeys(filter(None, map(os.environ.get, names))))
    if not people or not all(map(LOGIN.fullmatch, people)):
        raise SettingsError(f"GITHUB_ACTOR: expected who accepts it, a person, found {people}")
    return people


def recorded(sha: str, by: str, reason: str, number: int) -> tuple[str, str]:
    """Who and why as the ledger has it, if a model registry is set: the first to accept stays."""
    from engine.model_registry.model_registry import ModelRegistry
    from engine.settings.settings import load

    uri = os.environ.get("MODEL_REGISTRY_URI")
    if not uri:
        say("MODEL_REGISTRY_URI is not set: there is no ledger to keep it in, but the commit status")
        return by, reason
    entry = ModelRegistry(uri, load(Path("mlops.yaml")).model).accept(sha, by, reason, number)
    return entry["by"], entry["reason"]


def gate_again(github: "GitHub", last: "WorkflowRun | None") -> str:
    if last is None:
        return "it was not gated yet, so there is nothing to run again"
    if last["status"] != "completed":
        return "its run goes on: should that fail all the same, accept it once more"
    if last["conclusion"] == "success":
        return "its run succeeded, so there is nothing to run again"
    github.post("actions", "runs", last["id"], "rerun-failed-jobs")
    return f"its failed jobs run again: {last['html_url']}"


def say(line: str) -> None:
    from engine.reporting import markdown
    from engine.wording import text

    print(text.printable(line), flush=True)
    add_summary(f"- {markdown.markdown(line)}\n")


if __name__ == "__main__":
    run(main)
