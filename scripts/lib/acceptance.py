"""A regression that somebody accepted: a status on the very commit, which only our workflows set."""

import re

from scripts.lib.github_api import GitHub

CONTEXT = "accept-regression"
BOT = "github-actions[bot]"  # whom GITHUB_TOKEN speaks as
LONGEST_REASON = 80  # characters: with the longest login it fits a status, whose description has 140
ACCEPTED = re.compile(r"accepted by [A-Za-z0-9_-]{1,39}: \S.*")


def accepted_regression(github: GitHub, sha: str) -> str | None:
    """Who accepted what the commit `sha` loses, and why; needs `statuses: read`."""
    for status in github.pages("commits", sha, "statuses"):  # newest first
        if status["context"] == CONTEXT and (status["creator"] or {}).get("login") == BOT:
            description = status["description"] or ""
            told = status["state"] == "success" and ACCEPTED.fullmatch(description)
            return description if told else None
    return None


def accept(github: GitHub, sha: str, login: str, reason: str) -> None:
    """Say on the commit `sha` that `login` accepts what it loses; needs `statuses: write`."""
    body = {"state": "success", "context": CONTEXT, "description": f"accepted by {login}: {reason}"}
    github.post("statuses", sha, body=body)
