"""One comment of ours on a pull request, known by a hidden mark, and updated in place."""

from engine.github.acceptance import BOT
from engine.github.api import GitHub

MARK = "<!-- kubeflow-ci-cd-ct: gate -->"


def write_comment(github: GitHub, number: int, markdown: str) -> str:
    """Write it, or replace it: the mark counts only in comments by our own workflows."""
    body = f"{MARK}\n{markdown}"
    for comment in github.pages("issues", number, "comments"):
        if (comment["user"] or {}).get("login") == BOT and (comment["body"] or "").startswith(MARK):
            if comment["body"] == body:
                return "as it was"
            github.patch("issues", "comments", comment["id"], body={"body": body})
            return "updated"
    github.post("issues", number, "comments", body={"body": body})
    return "written"
