"""Gate the model that this checkout's code trains: a verdict, a report and an exit status."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from components.shared import command_line

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "gate"


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--base", help="the commit to judge the change against (default: where it left main)")
    parser.add_argument("--as-of", type=date.fromisoformat, help="the day that the windows count back from")
    return parser


def main() -> int:
    arguments = arguments_parser().parse_args()

    from components.compare_models import terminal
    from components.shared.model_registry import ModelRegistry
    from scripts.lib import judged_run
    from scripts.lib.change import read_change

    change = read_change(ROOT, arguments.base)
    print(f"gate: {change}", flush=True)
    settings = change.candidate.settings
    registry_uri = judged_run.model_registry_uri(ROOT)
    champion = ModelRegistry(registry_uri, settings.model).champion()
    asked = question(change, arguments.as_of) | {"model_registry_uri": registry_uri}
    if champion and not change.changes_model:
        verdict = unchanged(asked)
    else:
        judged_run.recover_images(ROOT, champion)
        verdict = judged_run.judge(ROOT, "evaluation", settings, change.images(), asked, RESULTS)
    print(terminal.render(verdict, color=sys.stdout.isatty()))
    print(f"report: {(RESULTS / 'report.html').as_uri()}")
    return 0 if verdict["passed"] else command_line.Finding.status


def question(change: Any, as_of: date | None) -> dict[str, str]:
    """The parameters of the evaluation pipeline, but for where its results go."""
    as_of = str(as_of or change.control.settings.as_of())
    return {
        "as_of": as_of,
        "model": change.candidate.settings.model,
        "data_settings": change.data_settings(),
        "policy": change.policy(),
        "provenance": json.dumps(change.provenance() | {"as_of": as_of}),
        "fallback": change.candidate.fallback(),
        **change.candidate.parameters("candidate_"),
        **change.control.parameters("control_"),
    }


def unchanged(asked: dict[str, str]) -> dict[str, Any]:
    """The same code makes the same model, byte for byte: the answer is known before anything is trained."""
    from components.compare_models import document, report

    policy, provenance = json.loads(asked["policy"]), json.loads(asked["provenance"])
    question = document.Asked(policy=policy, findings={}, provenance=provenance, history=[], models={})
    verdict = document.skeleton(question) | {
        "verdict": "IDENTICAL",
        "passed": True,
        "reason": "Nothing that makes the model has changed: this is the model that the base makes.",
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    documents = {
        "verdict.json": json.dumps(verdict, indent=2) + "\n",
        **report.render(verdict, None, question),
    }
    for name, text in documents.items():
        (RESULTS / name).write_text(text)
    return verdict


if __name__ == "__main__":
    command_line.run(main)
