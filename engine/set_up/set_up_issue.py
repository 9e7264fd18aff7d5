"""The one open issue with what the set-up leaves to a person, known by a hidden mark."""

from engine.github.api import GitHub
from engine.github.failure_issue import close
from engine.set_up.repository_set_up import Left

LABEL = "set-up"
MARK = "<!-- kubeflow-ci-cd-ct: set-up -->\n"
TITLE = "Finish the set-up"


def report(github: GitHub, left: list[Left]) -> str:
    """Open, update or close the issue; its address, or nothing if there is none."""
    issues = [
        issue
        for issue in github.pages("issues", state="open", labels=LABEL)
        if (issue["body"] or "").startswith(MARK)
    ]
    if not left:
        for issue in issues:
            close(github, issue["number"], "completed")
        return ""
    document = {"title": TITLE, "body": MARK + body(left)}
    if issues:
        issue = github.patch("issues", issues[0]["number"], body=document)
    else:
        issue = github.post("issues", body=document | {"labels": [LABEL]})
    return str(issue["html_url"])


def body(left: list[Left]) -> str:
    """A check box for each part, with its reason and the command."""
    head = "Run these commands, or `make set-up` with a token that may. The next run closes this issue."
    return "\n".join([head, "", *(entry(each) for each in left)])


def entry(each: Left) -> str:
    command = "\n".join(f"  {line}" for line in each.part.command.splitlines())
    return f"- [ ] {each.part.title}: {each.reason}\n\n  ```sh\n{command}\n  ```\n"
