"""Decide from NEEDS, the jobs of a pull request as GitHub tells them, whether it may be merged.

Whether a gate was due is not asked of these jobs, of which some ran the change's code: the paths that the
commit GITHUB_SHA changes of the base, which is checked out here, say it.
"""

import json
import os
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from engine.command_line import Finding, SettingsError, parser, run
from engine.gate.gated_paths import need_a_gate
from engine.images.images import copied_paths
from engine.sources import GitTree

JOBS = ("plan", "checks", "build", "gate")
"""What must have run."""
RESULTS = ("success", "failure", "cancelled", "skipped")
LONGEST = 500


def main() -> int:
    parser(__doc__).parse_args()
    needs = read_needs(os.environ.get("NEEDS", ""))
    plan = needs["plan"].get("outputs") or {} if "plan" in needs else {}
    print(f"the plan: {plain(plan.get('reason') or 'it gives no reason')}")
    due = gate_is_due(Path.cwd(), os.environ.get("GITHUB_SHA", ""))
    excused = {"build"} if planned(plan.get("matrix")) == [] else set()
    excused |= set() if due else {"gate"}
    refused = []
    for job in dict.fromkeys([*JOBS, *needs]):
        problem = problem_of(needs.get(job), job in excused)
        print(f"{'✗' if problem else '✓'} {plain(job)}: {problem or in_words(needs[job]['result'])}")
        if problem:
            refused.append(plain(job))
    if refused:
        raise Finding(f"expected success of every job that the change needs; see {', '.join(refused)}")
    return 0


class Job(TypedDict):
    result: str
    outputs: NotRequired[dict[str, str]]


def read_needs(text: str) -> dict[str, Job]:
    """The jobs by name, each with its result."""
    try:
        needs = json.loads(text)
    except ValueError:
        needs = None
    if not isinstance(needs, dict):
        raise SettingsError(f"NEEDS: expected toJSON(needs), found {plain(text[:80]) or 'nothing'}")
    for job, known in needs.items():
        if not isinstance(known, dict) or known.get("result") not in RESULTS:
            raise SettingsError(f"NEEDS: {plain(job)}: expected one of {', '.join(RESULTS)} as its result")
        if not isinstance(known.get("outputs") or {}, dict):
            raise SettingsError(f"NEEDS: {plain(job)}: expected a mapping of its outputs")
    return needs


def gate_is_due(root: Path, change: str) -> bool:
    if not change:
        raise SettingsError("GITHUB_SHA: expected the commit of the change, found none")
    mine, base = GitTree(root, change), GitTree(root, "HEAD")
    return need_a_gate(mine.changed(base), copied_paths(mine) | copied_paths(base))


def problem_of(job: Job | None, excused: bool) -> str:
    """Why a job stands in the way of a merge; "" if it does not."""
    if job is None:
        return "expected it among the needed jobs, found it missing"
    if job["result"] == "success" or (job["result"] == "skipped" and excused):
        return ""
    due = ", and the change needs it" if job["result"] == "skipped" else ""
    return f"expected success, found {job['result']}{due}"


def planned(output: Any) -> Any:
    """A job's output is text; a list in it is JSON."""
    try:
        return json.loads(output)
    except (TypeError, ValueError):
        return output


def in_words(result: str) -> str:
    return "skipped, because nothing needs it" if result == "skipped" else result


def plain(text: Any) -> str:
    """One line in which a log finds no command."""
    return " ".join(str(text).split()).replace("::", ": :").replace("##[", "# #[")[:LONGEST]


if __name__ == "__main__":
    run(main)
