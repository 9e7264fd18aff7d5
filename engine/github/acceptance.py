"""A regression that a person accepted: a status on the very commit, and who may set it."""

import re
from collections.abc import Iterator

from engine.command_line import Finding
from engine.github.answers import Account, PullRequest, WorkflowRun
from engine.github.api import GitHub, NotFound

CONTEXT = "accept-regression"
BOT = "github-actions[bot]"  # whom GITHUB_TOKEN speaks as
LONGEST_REASON = 80  # characters: with the longest login and ALONE it fits a status' description of 140
ALONE = "alone: "
"""Before the reason of a person who accepts their own change, because no other person has write access."""
ACCEPTED = re.compile(r"accepted by [A-Za-z0-9_-]{1,39}: \S.*")


def accepted_regression(github: GitHub, sha: str) -> str | None:
    """Who accepted what the commit `sha` loses, and why; needs `statuses: read`."""
    for status in github.pages("commits", sha, "statuses"):  # newest first
        if status["context"] == CONTEXT and (status["creator"] or {}).get("login") == BOT:
            description = status["description"] or ""
            is_accepted = status["state"] == "success" and ACCEPTED.fullmatch(description)
            return description if is_accepted else None
    return None


def accept(github: GitHub, sha: str, login: str, reason: str) -> None:
    """Say on the commit `sha` that `login` accepts what it loses; needs `statuses: write`."""
    body = {"state": "success", "context": CONTEXT, "description": f"accepted by {login}: {reason}"}
    github.post("statuses", sha, body=body)


def judging_runs(github: GitHub, pull: PullRequest) -> list[WorkflowRun]:
    """The runs of pr.yml that judged the head of this pull request; the first is of who pushed it."""
    query = {"head_sha": pull["head"]["sha"], "event": "pull_request"}
    runs = github.pages("actions", "workflows", "pr.yml", "runs", inside="workflow_runs", **query)
    judged = (each for each in runs if each["conclusion"] != "skipped")
    mine = (each for each in judged if pull["number"] in numbers_of(each, pull["number"]))
    return sorted(mine, key=lambda each: each["run_number"])


def numbers_of(run: WorkflowRun, otherwise: int) -> set[int]:
    """The pull requests that a run is of; of a fork's, GitHub names none."""
    return {each["number"] for each in run["pull_requests"] or ()} or {otherwise}


def is_alone(github: GitHub, login: str, pull: PullRequest, first: WorkflowRun | None) -> bool:
    """Whether `login` may accept it though they made it, because no other person has write access.

    Finding if they have no right to write, or made it while another person could accept it.
    """
    try:
        permission = github.get("collaborators", login, "permission")["permission"]
    except NotFound:
        permission = "none"
    if permission not in ("admin", "write"):
        raise Finding(f"{login}: expected a person with write access, found {permission}")
    head = github.get("commits", pull["head"]["sha"])
    makers: dict[str, Account | None] = {
        "opened the pull request": pull["user"],
        "made its newest commit": head["author"],
        "committed its newest commit": head["committer"],
        "pushed its newest commit": first["actor"] if first else None,
    }
    made = [what for what, maker in makers.items() if maker and maker["login"].lower() == login.lower()]
    if made and (others := other_writers(github, login)):
        raise Finding(f"{login} {made[0]}: another person has to accept it, such as {others[0]}")
    return bool(made)


def other_writers(github: GitHub, login: str) -> list[str]:
    """The people with write access beside `login`."""
    people: Iterator[Account] = github.pages("collaborators", permission="push")
    return [each["login"] for each in people if each["login"].lower() != login.lower()]
