"""Open or update the one issue about a workflow that failed, or close it once the workflow succeeds.

Outputs: issue, which is opened or closed, or empty if neither.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import SettingsError, parser, run
from engine.github.step import set_outputs

if TYPE_CHECKING:
    from engine.github.api import GitHub

PERMISSIONS = {"actions": "read", "issues": "write"}
LONGEST_TITLE = 200  # characters; GitHub takes 256
LONGEST_DETAILS = 50_000  # of 65,536 that GitHub takes for all


def main() -> int:
    options = parser(__doc__)
    options.add_argument("workflow", help="its name: there is one issue for each")
    options.add_argument("--recovered", action="store_true", help="it succeeded: close the issue")
    options.add_argument(
        "--details", type=Path, metavar="FOLDER", help="whose Markdown files are added; it may be empty"
    )
    arguments = options.parse_args()

    from engine.github.api import GitHub

    this = this_run()
    if arguments.recovered:
        change = "closed" if recover(GitHub(), arguments.workflow, this) else ""
    else:
        is_new = fail(GitHub(), arguments.workflow, this, details_in(arguments.details))
        change = "opened" if is_new else ""
    set_outputs(issue=change)
    return 0


def details_in(folder: Path | None) -> str:
    """What the run left for people, as far as it fits an issue."""
    files = sorted(folder.rglob("*.md")) if folder else []
    text = "\n\n".join(file.read_text().strip() for file in files)
    cut = "" if len(text) <= LONGEST_DETAILS else "\n\n(cut here: the run has all of it)"
    return f"\n\n{text[:LONGEST_DETAILS]}{cut}\n" if text else ""


def this_run() -> tuple[int, int]:
    """The run that calls this, and its attempt."""
    numbers = [os.environ.get(name, "") for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT")]
    if not all(re.fullmatch(r"\d+", each) for each in numbers):
        raise SettingsError(f"GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT: expected numbers, found {numbers}")
    return int(numbers[0]), int(numbers[1])


def fail(github: "GitHub", workflow: str, this: tuple[int, int], details: str) -> bool:
    """Whether this failure is the first one.

    Two runs that open an issue at the same moment see each other's right after, and the older one stays; if
    GitHub lists it too late for that, the next run closes all but the oldest.
    """
    from engine.github.failure_issue import close, mark, open_issue, open_issues
    from engine.wording.text import printable

    title = f"The workflow {printable(workflow)} fails"[:LONGEST_TITLE]
    issues = open_issues(github, workflow)
    failures = sum(each.failures for each in issues) + (this not in [each.last for each in issues])
    last = max([this, *(each.last for each in issues)])
    body = mark(workflow, failures, last) + described(github, workflow, failures) + details
    if issues:
        number = issues[0].number
        github.patch("issues", number, body={"title": title, "body": body})
    else:
        opened = open_issue(github, title, body)
        issues = open_issues(github, workflow)
        number = min([opened, *(each.number for each in issues)])
    for each in issues:
        if each.number != number:
            close(github, each.number, "not_planned")
    print(f"issue #{number}: {title}, {failures} times")
    return failures == 1


def recover(github: "GitHub", workflow: str, this: tuple[int, int]) -> bool:
    """Whether this run closed the issue. A run that is older than the last failure proves nothing."""
    from engine.github.failure_issue import close, open_issues

    closed = False
    for each in open_issues(github, workflow):
        if each.last > this:
            print(f"issue #{each.number} stays open: a newer run failed")
        else:
            close(github, each.number, "completed")
            print(f"issue #{each.number} is closed")
            closed = True
    return closed


def described(github: "GitHub", workflow: str, failures: int) -> str:
    """Which jobs of this run failed, where to look, and how often it was."""
    from engine.github.outcome import BAD
    from engine.reporting.markdown import code, link, markdown

    run_id, _ = this_run()
    run = github.get("actions", "runs", run_id)
    jobs = github.pages("actions", "runs", run_id, "jobs", inside="jobs")
    failed = [f"- {link(job['html_url'], job['name'])}\n" for job in jobs if job["conclusion"] in BAD]
    times = "once" if failures == 1 else f"{failures:,} times in a row"
    here = link(run["html_url"], "this run")
    where = f"{code(run['event'])} on {code(run['head_branch'])} at {code(run['head_sha'][:12])}"
    return (
        f"**{markdown(workflow)}** failed {times}, last in {here}, {where}.\n\n"
        f"{''.join(failed) or '- GitHub names no job that failed.'}\n"
        "The next run that succeeds closes this.\n"
    )


if __name__ == "__main__":
    run(main)
