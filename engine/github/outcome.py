"""What became of a pull request's run: a state for its commit, and a line for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.documents.verdict import Verdict
from engine.github.untrusted_verdict import Left

GATE, SUMMARY = "gate", "ci-passed"  # jobs of pr.yml: the second repeats what the others say
BAD = ("failure", "timed_out", "startup_failure")
WITHOUT_VERDICT = {
    "cancelled": ("error", "🚫", "Cancelled", "The run was cancelled before there was a verdict."),
    "action_required": ("pending", "⏳", "Waiting", "A maintainer has to approve the run first."),
}
NOT_NEEDED = "Nothing that makes or judges a model changed, so there is nothing to gate."
DETACHED = "The gate goes on on Kubeflow; this is updated when it has ended."


@dataclass(frozen=True)
class Outcome:
    state: str
    """As a commit status has it: success, failure, error or pending."""
    mark: str = ""
    heading: str = ""
    """Mark and heading are empty if the verdict has its own."""
    line: str = ""
    but: str = ""
    """What the run did otherwise than its verdict says."""

    @property
    def is_detached(self) -> bool:
        """Whether the gate's run on the endpoint goes on."""
        return self.line == DETACHED


def outcome(
    conclusion: str | None, jobs: Iterable[Mapping[str, Any]], left: Left, accepted: str | None
) -> Outcome:
    """`conclusion` and `jobs` are GitHub's word; what the run left is believed only if those agree."""
    ended = {job["name"]: job["conclusion"] for job in jobs if not job["name"].startswith(SUMMARY)}
    failed = [name for name, each in ended.items() if each in BAD]
    if left.verdict:
        return judged(left.verdict, conclusion, failed, accepted)
    if left.trouble:
        return Outcome(
            "error", "❌", "No verdict", f"The run left no verdict that can be used: {left.trouble}."
        )
    if left.detached and failed == [GATE]:
        return Outcome("pending", "⏳", "Still judging", DETACHED)
    if conclusion in WITHOUT_VERDICT:
        return Outcome(*WITHOUT_VERDICT[conclusion])
    if failed or conclusion != "success":
        return Outcome("failure", "❌", "No verdict", f"There is no verdict, because {failure(failed)}.")
    if ended.get(GATE) == "success":
        return Outcome("error", "❌", "No verdict", "The gate succeeded, and left no verdict.")
    return Outcome("success", "☑️", "No gate needed", NOT_NEEDED)


def judged(verdict: Verdict, conclusion: str | None, failed: list[str], accepted: str | None) -> Outcome:
    fine = verdict["passed"] or accepted is not None
    others = [name for name in failed if name != GATE]
    but = ""
    if others:
        but = failure(others)
    elif fine and failed:
        but = "the job gate failed"
    elif fine and conclusion != "success":
        but = f"the run ended as {conclusion}"
    elif not fine and conclusion == "success":
        but = "the run succeeded, which is no pass"
    named = f"{verdict['verdict']}, but {but}" if but else verdict["verdict"]
    line = f"{named}: {verdict['reason']}" if verdict["passed"] or not accepted else f"{named}, {accepted}"
    return Outcome("success" if fine and not but else "failure", line=line, but=but)


def failure(failed: list[str]) -> str:
    return f"{', '.join(failed)} failed" if failed else "the run failed"
