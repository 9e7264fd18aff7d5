"""Gate the model that this checkout's code trains: a verdict, a report and an exit status."""

import argparse
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import command_line

if TYPE_CHECKING:
    from engine.documents.verdict import Verdict
    from engine.gate.change import Change
    from engine.gate.pull_request_run import PullRequest

PERMISSIONS = {"pull-requests": "read", "statuses": "read"}
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "gate"


def main() -> int:
    arguments = arguments_parser().parse_args()

    from engine.gate import known_verdicts
    from engine.github.announcements import announce
    from engine.github.step import add_summary
    from engine.reporting import terminal

    change, pull_request = read_arguments(arguments)
    print(f"gate: {change}", flush=True)
    verdict = judged(change, pull_request, arguments)
    if pull_request and not verdict["passed"]:
        verdict = known_verdicts.with_acceptance(verdict, pull_request.number, pull_request.sha, RESULTS)
    terminal.show(verdict, sys.stdout)
    print(f"report: {(RESULTS / 'report.html').as_uri()}")
    add_summary((RESULTS / "report.md").read_text())
    if pull_request:
        announce(RESULTS / "verdict.json")
    return 0 if verdict["passed"] or "accepted" in verdict else command_line.Finding.status


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument(
        "--base", help="the commit to judge the change against (default: where it left the default branch)"
    )
    parser.add_argument(
        "--as-of", type=command_line.day, metavar="DAY", help="the day that the windows count back from"
    )
    parser.add_argument(
        "--candidate", type=Path, metavar="FOLDER", help="judge this checkout by the one that this runs in"
    )
    for option, whose in (("--images", "this checkout's"), ("--candidate-images", "the candidate's")):
        parser.add_argument(
            option, type=Path, metavar="FILE", help=f"{whose} images by digest, as record_images writes them"
        )
    parser.add_argument(
        "--pull-request",
        nargs="?",
        const="",
        metavar="N",
        help="name the run by it, and find it again (default: the number in GITHUB_REF)",
    )
    parser.add_argument(
        "--handover", type=Path, metavar="FILE", help="what the change's code left if it ran by itself"
    )
    parser.add_argument(
        "--detach-after",
        type=float,
        default=math.inf,
        metavar="MINUTES",
        help="stop waiting for a longer run",
    )
    return parser


def read_arguments(arguments: argparse.Namespace) -> tuple["Change", "PullRequest | None"]:
    """The change, and the pull request that it is, if it is one."""
    from engine.gate import model_code
    from engine.gate.checkouts import read_candidate, read_change
    from engine.gate.pull_request_run import PullRequest
    from engine.images.published_images import pull_request_number
    from engine.sources import head_of

    if arguments.candidate is None:
        beside = (arguments.images, arguments.candidate_images, arguments.handover, arguments.pull_request)
        if any(option is not None for option in beside):
            raise command_line.SettingsError("expected --candidate beside these options, found none")
        return read_change(ROOT, arguments.base), None
    if arguments.base:
        raise command_line.SettingsError(
            "--base: expected none, because with --candidate the base is this checkout"
        )
    change = read_candidate(ROOT, arguments.candidate)
    control, candidate = change.control, change.candidate
    if arguments.images:
        control = model_code.published(control, arguments.images, control.images)
    if arguments.candidate_images:
        candidate = model_code.published(candidate, arguments.candidate_images, model_code.BORN_FROM)
    change = replace(change, control=control, candidate=candidate)
    if arguments.pull_request is None:
        return change, None
    number = pull_request_number(arguments.pull_request)
    return change, PullRequest(number, head_of(arguments.candidate, change.base or ""))


def judged(change: "Change", pull_request: "PullRequest | None", arguments: argparse.Namespace) -> "Verdict":
    """The verdict; it and its report are left in RESULTS."""
    from engine.gate import known_verdicts
    from engine.gate.estimator_settings import check_estimator
    from engine.gate.gate_run import GateRun
    from engine.gate.judged_run import asked_about
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri

    registry_uri = model_registry_uri(ROOT)
    registry = ModelRegistry(registry_uri, change.control.settings.model)
    champion = registry.champion()
    run = GateRun(ROOT, RESULTS, change, registry, champion, pull_request, arguments.detach_after)
    question = change.question(arguments.as_of) | {"model_registry_uri": registry_uri}
    if champion and change.base and not change.changes_model:
        return known_verdicts.unchanged(question, champion, RESULTS, run.proposed(question))
    if arguments.handover:
        if not arguments.handover.is_file():
            return known_verdicts.nothing_handed_over(question, change.changed_interfaces(), RESULTS)
        return run.compared("judgement", asked_about(question, arguments.handover, RESULTS))
    if "GITHUB_ACTIONS" in os.environ and change.by_the_base and change.changes_model:
        raise command_line.SettingsError(
            "--handover: expected what the job candidate made, found a change to run here"
        )
    if change.brings_training_settings:
        check_estimator(change.candidate)
    return run.compared("evaluation", question)


if __name__ == "__main__":
    command_line.run(main)
