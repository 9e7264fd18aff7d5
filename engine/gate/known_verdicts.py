"""Verdicts that need no run, or come after it: nothing changed, a broken interface, an accepted loss."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

from engine.command_line.typed_json import checked
from engine.documents.parts import Provenance
from engine.documents.policy import Policy
from engine.documents.verdict import Outcome, Proposed, RegisteredModel, Verdict
from engine.documents.version import Version
from engine.judging import verdict_document as document
from engine.judging.inputs import Model
from engine.judging.verdict_inputs import VerdictInputs
from engine.reporting import verdict_report as report

QUEUE = "refs/heads/gh-readonly-queue/"


class KnownParts(TypedDict, total=False):
    """What a verdict has beside its decision, if nothing was compared."""

    proposed: Proposed
    registered: RegisteredModel


def unchanged(
    question: Mapping[str, str], champion: Version, results: Path, proposed: Proposed | None = None
) -> Verdict:
    """The same code makes the same model, byte for byte: the answer is known before anything is trained.

    The figures are the champion's; `proposed` is what another policy of the change says of the model.
    """
    later: list[str] | None = _provenance(question).get("counts_after_the_merge")
    reason = "Nothing that makes the model has changed, so it is the model that the base makes."
    if later:
        reason += " What has changed judges models, and counts after the merge."
    known: KnownParts = {"registered": registered_model(champion)}
    if proposed:
        known["proposed"] = proposed
    return _reached(question, results, known, verdict="IDENTICAL", passed=True, reason=reason)


def registered_model(champion: Version) -> RegisteredModel:
    record, verdict = champion["record"], champion["verdict"]
    return {
        **Model(record, champion["version"]).facts(),
        "created": champion["created"],
        "metrics": champion["metrics"],
        "standard_error": verdict["standard_error"],
        "rows": verdict["rows"],
    }


def broken_interface(question: Mapping[str, str], components: Iterable[str], results: Path) -> Verdict:
    """A run that failed when one side called the other's `components`, whose interfaces changed."""
    changed = ", ".join(f"components/{name}/component.py" for name in components)
    reason = (
        f"{changed} differs between the change and its base, and the run failed when one called the other's."
        " Change the interface in a step of its own, so that both pipelines can call it;"
        " or have the regression accepted, by operate.yml."
    )
    return _reached(question, results, verdict="INVALID", passed=False, reason=reason)


def failed_candidate(question: Mapping[str, str], tasks: list[str], results: Path) -> Verdict:
    """The change's code failed in `tasks`; what it printed there stays out of the verdict."""
    reason = f"{', '.join(tasks)} failed, so there is no model to compare: the log says why."
    return _reached(question, results, verdict="INVALID", passed=False, reason=reason)


def nothing_handed_over(question: Mapping[str, str], changed: list[str], results: Path) -> Verdict:
    """The change's code ended before it had features, where it ran by itself."""
    if changed:
        return broken_interface(question, changed, results)
    reason = "The change's code made no features: the log of the job candidate says why."
    return _reached(question, results, verdict="INVALID", passed=False, reason=reason)


def with_acceptance(verdict: Verdict, number: int, sha: str, results: Path) -> Verdict:
    """`verdict`, with the person who accepted what the head `sha` of a pull request loses, if GitHub knows.

    The documents in `results` say so too; it does not pass the more.
    """
    from engine.github.acceptance import accepted_regression
    from engine.github.api import GitHub

    if not os.environ.get("GITHUB_TOKEN"):
        print("note: without GITHUB_TOKEN, accepted regressions are not looked up", file=sys.stderr)
        return verdict
    github = GitHub()
    words = accepted_regression(github, sha)
    if words is None and os.environ.get("GITHUB_REF", "").startswith(QUEUE):
        # A queue may squash, so that no commit of it is the one that was accepted; nothing was pushed since.
        words = accepted_regression(github, github.get("pulls", number)["head"]["sha"])
    if words is None:
        return verdict
    verdict = {**verdict, "accepted": words}
    _write(verdict, report.render_accepted(verdict, (results / "report.html").read_text()), results)
    return verdict


def _reached(
    parameters: Mapping[str, str],
    results: Path,
    known: KnownParts | None = None,
    *,
    verdict: Outcome,
    passed: bool,
    reason: str,
) -> Verdict:
    policy, provenance = checked(Policy, json.loads(parameters["policy"])), _provenance(parameters)
    question = VerdictInputs(policy=policy, findings={}, provenance=provenance, history=[], models={})
    reached: Verdict = {
        **document.skeleton(question),
        "verdict": verdict,
        "passed": passed,
        "reason": reason,
        **(known or {}),
    }
    _write(reached, report.render(reached, None, question), results)
    return reached


def _provenance(question: Mapping[str, str]) -> Provenance:
    return checked(Provenance, json.loads(question["provenance"]))


def _write(verdict: Verdict, documents: Mapping[str, str], results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    for name, text in {"verdict.json": json.dumps(verdict, indent=2) + "\n", **documents}.items():
        (results / name).write_text(text)
