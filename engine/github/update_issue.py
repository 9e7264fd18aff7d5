"""The one open issue about a newer version of the template, known by a hidden mark."""

from engine.github.acceptance import BOT
from engine.github.api import GitHub
from engine.github.failure_issue import close, require_label

LABEL = "template-update"
MARK = "<!-- kubeflow-ci-cd-ct: template update -->\n"


def open_numbers(github: GitHub) -> list[int]:
    """Those that our own workflow wrote, oldest first."""
    issues = github.pages("issues", state="open", creator=BOT)
    return sorted(
        issue["number"]
        for issue in issues
        if (issue["body"] or "").startswith(MARK) and issue["user"]["login"] == BOT
    )


def announce(github: GitHub, title: str, body: str) -> int:
    """Open the issue, or update the one that is open; its number."""
    document = {"title": title, "body": MARK + body}
    if numbers := open_numbers(github):
        github.patch("issues", numbers[0], body=document)
        return numbers[0]
    require_label(github, LABEL, "A newer version of the template is there", "0e8a16")
    number: int = github.post("issues", body=document | {"labels": [LABEL]})["number"]
    return number


def close_all(github: GitHub) -> list[int]:
    numbers = open_numbers(github)
    for number in numbers:
        close(github, number, "completed")
    return numbers
