"""Report a run's verdict on its pull request: one comment, updated in place, and one commit status."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import parser, run

if TYPE_CHECKING:
    from engine.documents.verdict import Verdict
    from engine.github.outcome import Outcome
    from engine.reporting.markdown import RunContext

PERMISSIONS = {"actions": "write", "checks": "read", "pull-requests": "write", "statuses": "write"}
CONTEXT = "gate"
RESUMES = "gates.yml"
LONGEST_STATUS = 140  # characters, as GitHub counts them


def main() -> int:
    options = parser(__doc__)
    options.add_argument(
        "folder", type=Path, help="where the run's verdict was downloaded to; may be missing"
    )
    arguments = options.parse_args()

    from engine.gate.changed_files import paths_of
    from engine.github import announcements, ended_run, untrusted_verdict
    from engine.github.acceptance import accepted_regression
    from engine.github.api import GitHub
    from engine.github.outcome import outcome
    from engine.github.step import VERDICT
    from engine.github.sticky_comment import write_comment
    from engine.github.workflow_state import switch
    from engine.wording.text import printable

    ended = ended_run.read_event()
    if why := ended_run.not_ours(ended):
        print(f"nothing to report: {printable(why)}")
        return 0
    github, sha = GitHub(), ended["head_sha"]
    pulls = list(ended_run.pulls_of(github, ended))
    if not pulls:
        print(f"nothing to report: no open pull request has the head {printable(sha)} any more")
        return 0
    jobs = list(github.pages("actions", "runs", ended["id"], "jobs", inside="jobs"))
    accepted = accepted_regression(github, sha)
    announced = announcements.announced(github, jobs)
    left = untrusted_verdict.read(arguments.folder, announced.get(VERDICT, ""))
    result = outcome(ended["conclusion"], jobs, left, accepted)
    page = announcements.address_of_report(announced, ended["html_url"])
    used = accepted if left.verdict and not left.verdict["passed"] else None
    links = [*([("report", page)] if page else []), ("run", ended["html_url"])]
    for number in pulls:
        paths = paths_of(github.pages("pulls", number, "files"))
        context = run_context(result, used, links, sha, paths)
        done = write_comment(github, number, comment(left.verdict, result, context))
        print(f"the comment on #{number} is {done}")
    description, target = status_line(result.line), page or ended["html_url"]
    status = {"state": result.state, "description": description, "target_url": target}
    github.post("statuses", sha, body=status | {"context": CONTEXT})
    print(f"{result.state}: {description}")
    if result.is_detached and switch(github, RESUMES, enabled=True):
        print(f"{RESUMES} is enabled until this gate has a verdict")
    return 0


def run_context(
    outcome: "Outcome", accepted: str | None, links: list[tuple[str, str]], sha: str, paths: list[str]
) -> "RunContext":
    """What the comment says about the run; `paths` are the files that the pull request changes."""
    from engine.gate.changed_files import judges_of, workflows_of
    from engine.gate.model_code import SETTINGS_FILE

    return {
        "accepted": accepted,
        "but": outcome.but,
        "links": links,
        "sha": sha,
        "workflows": workflows_of(paths),
        "judges": judges_of(paths),
        "settings": SETTINGS_FILE if SETTINGS_FILE in paths else "",
    }


def comment(verdict: "Verdict | None", outcome: "Outcome", context: "RunContext") -> str:
    from engine.reporting import markdown

    if verdict:
        return markdown.report(verdict, context)
    return markdown.outcome(
        {"mark": outcome.mark, "heading": outcome.heading, "line": outcome.line, "run": context}
    )


def status_line(line: str) -> str:
    """What fits a commit status, which takes no character of four bytes."""
    from engine.wording.text import printable

    plain = re.sub(r"[^\u0000-\uffff]", "�", printable(line))
    return plain if len(plain) <= LONGEST_STATUS else f"{plain[: LONGEST_STATUS - 1]}…"


if __name__ == "__main__":
    run(main)
