"""The one open issue about a scheduled workflow that fails, known by a hidden mark."""

import re
from dataclasses import dataclass
from typing import Any, Self

from engine.github.acceptance import BOT
from engine.github.api import GitHub, NotFound, Refused

LABEL = "failed-workflow"
SEEN = re.compile(
    r"<!-- kubeflow-ci-cd-ct: failed ([0-9a-f]*), (\d{1,6}) times, last (\d{1,18})/(\d{1,6}) -->\n"
)


@dataclass(frozen=True)
class FailureIssue:
    workflow: str
    number: int
    failures: int
    last: tuple[int, int]
    """The run that failed last, and its attempt."""

    @classmethod
    def read(cls, issue: dict[str, Any]) -> Self | None:
        """The mark counts only in what our own workflows wrote."""
        mark = SEEN.match(issue["body"] or "")
        if not mark or issue["user"]["login"] != BOT or "pull_request" in issue:
            return None
        workflow, failures, run, attempt = mark.groups()
        name = bytes.fromhex(workflow).decode(errors="replace")
        return cls(name, issue["number"], int(failures), (int(run), int(attempt)))


def mark(workflow: str, failures: int, last: tuple[int, int]) -> str:
    """A hidden comment can hold no words of a stranger: the name stands there as hexadecimal digits."""
    name = workflow.encode().hex()
    return f"<!-- kubeflow-ci-cd-ct: failed {name}, {failures} times, last {last[0]}/{last[1]} -->\n"


def open_issues(github: GitHub, workflow: str) -> list[FailureIssue]:
    """Those about this workflow, oldest first."""
    issues = map(FailureIssue.read, github.pages("issues", state="open", creator=BOT))
    return sorted(
        (each for each in issues if each and each.workflow == workflow), key=lambda each: each.number
    )


def open_issue(github: GitHub, title: str, body: str) -> int:
    require_label(github, LABEL, "A scheduled workflow fails", "b60205")
    number: int = github.post("issues", body={"title": title, "body": body, "labels": [LABEL]})["number"]
    return number


def require_label(github: GitHub, name: str, description: str, color: str) -> None:
    """GitHub makes no label only because an issue names it."""
    try:
        github.get("labels", name)
    except NotFound:
        try:
            github.post("labels", body={"name": name, "color": color, "description": description})
        except Refused as error:
            if error.code != 422:  # 422: another run was faster
                raise


def close(github: GitHub, number: int, reason: str) -> None:
    github.patch("issues", number, body={"state": "closed", "state_reason": reason})
