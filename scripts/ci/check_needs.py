"""Decide from NEEDS, the jobs of a pull request as GitHub tells them, whether it may be merged."""

import json
import os
from typing import Any

from engine.command_line import Finding, SettingsError, parser, run

# What must have run, and the plan's output that excuses a job: (name, value as JSON or text).
JOBS: dict[str, tuple[str, Any] | None] = {
    "plan": None,
    "checks": None,
    "build": ("matrix", []),
    "gate": ("gate", "none"),
}
RESULTS = ("success", "failure", "cancelled", "skipped")
LONGEST = 500


def main() -> int:
    parser(__doc__).parse_args()
    needs = read_needs(os.environ.get("NEEDS", ""))
    plan = needs.get("plan", {}).get("outputs") or {}
    print(f"the plan: {plain(plan.get('reason') or 'it gives no reason')}")
    refused = []
    for job in dict.fromkeys([*JOBS, *needs]):
        problem = problem_of(job, needs.get(job), plan)
        print(f"{'✗' if problem else '✓'} {plain(job)}: {problem or told(needs[job]['result'])}")
        if problem:
            refused.append(plain(job))
    if refused:
        raise Finding(f"expected every job to succeed, or to be skipped by plan; see {', '.join(refused)}")
    return 0


def read_needs(text: str) -> dict[str, dict[str, Any]]:
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


def problem_of(job: str, known: dict[str, Any] | None, plan: dict[str, Any]) -> str:
    """Why `job` stands in the way of a merge; "" where it does not."""
    if known is None:
        return "expected it among the needed jobs, found it missing"
    if known["result"] == "success":
        return ""
    excuse = JOBS.get(job)
    if known["result"] == "skipped" and excuse and planned(plan.get(excuse[0])) == excuse[1]:
        return ""
    unplanned = ", and the plan does not say so" if known["result"] == "skipped" else ""
    return f"expected success, found {known['result']}{unplanned}"


def planned(output: Any) -> Any:
    """A job's output is text; a list in it is JSON."""
    try:
        return json.loads(output)
    except (TypeError, ValueError):
        return output


def told(result: str) -> str:
    return "skipped, as planned" if result == "skipped" else result


def plain(text: Any) -> str:
    """One line in which a log finds no command."""
    return " ".join(str(text).split()).replace("::", ": :").replace("##[", "# #[")[:LONGEST]


if __name__ == "__main__":
    run(main)
