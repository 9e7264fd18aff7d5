"""Decide by the newest mature rows whether the champion is to be trained anew, and report what was seen."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from engine import command_line, tables
from engine.model_registry.model_registry import ModelRegistry
from engine.stores import storage
from engine.stores.storage import LostRace

ATTEMPTS = 20


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--policy", type=command_line.json_object, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--model-registry-uri", required=True, help="file:// or s3:// folder")
    parser.add_argument("--name", required=True, help="the model's name")
    parser.add_argument("--truth", type=Path, help="features with labels; none: the data is refused")
    for name in ("champion", "shadow"):
        parser.add_argument(f"--{name}", type=Path, help=f"the {name}'s predictions, parquet")
    parser.add_argument("--shadow-record", type=Path)
    parser.add_argument("--champion-model", type=Path, help="folder of the model, with its sketches")
    parser.add_argument("--champion-features", type=Path, help="the champion's, for drift")
    parser.add_argument("--champion-version", type=Path, required=True, help="what model_registry resolved")
    parser.add_argument(
        "--history", type=Path, required=True, help="the ledger, as model_registry resolved it"
    )
    parser.add_argument("--findings", type=Path, required=True, help="of validate_data")
    parser.add_argument("--provenance", type=command_line.json_object, required=True)
    parser.add_argument(
        "--results-uri", required=True, help="folder that gets decision and report; may be empty"
    )
    parser.add_argument("--decided-by", required=True, help="the run")
    for name in ("decision", "report", "summary", "alarm", "train"):
        parser.add_argument(f"--{name}", type=command_line.output_file, required=True)
    return parser


def main() -> None:
    arguments = arguments_parser().parse_args()

    from engine.monitoring import decision_document as document
    from engine.reporting import monitoring_report as report
    from engine.reporting import monitoring_terminal as terminal

    registry = ModelRegistry(arguments.model_registry_uri, arguments.name)
    rules = arguments.policy["monitoring"]
    asked = read_question(arguments)
    decision = document.monitor(asked, lambda seen: decide_once(registry, seen, rules, arguments.decided_by))
    rendered = report.render(decision, asked.history)
    results = {
        "decision.json": (arguments.decision, json.dumps(decision, indent=2) + "\n"),
        "monitoring.html": (arguments.report, rendered["html"]),
        "monitoring.md": (arguments.summary, rendered["markdown"]),
    }
    for name, (path, text) in results.items():
        path.write_text(text)
        if arguments.results_uri:
            storage.write_bytes(f"{arguments.results_uri.rstrip('/')}/{name}", text.encode())
    arguments.alarm.write_text(str(decision["alarm"]).lower())
    arguments.train.write_text(str(decision["alarm"] and rules["start"] == "nested").lower())
    print(terminal.render(decision, color=False))


def decide_once(registry: ModelRegistry, seen: Any, rules: dict[str, Any], decided_by: str) -> Any:
    """Of monitors that decide at the same time one is first; the others decide by what it left."""
    from engine.monitoring import policy

    for _ in range(ATTEMPTS):
        state, tag = registry.monitored()
        decision, new = policy.decide(seen, state, rules, decided_by)
        if new is state:
            return decision
        try:
            registry.keep_monitored(new, tag)
            return decision
        except LostRace:
            continue
    raise command_line.WorldError(
        f"{registry.documents.uri}: expected to write what was decided, found other monitors faster"
        f" {ATTEMPTS} times; run it again"
    )


def read_question(arguments: argparse.Namespace) -> Any:
    from engine import sketches
    from engine.judging.inputs import read_json
    from engine.monitoring.decision_document import Asked

    def table(path: Path | None) -> Any:
        return tables.read_table(path) if path else None

    stored = arguments.champion_model / sketches.FILE if arguments.champion_model else None
    return Asked(
        policy=arguments.policy,
        as_of=arguments.as_of,
        version=read_json(arguments.champion_version),
        findings=read_json(arguments.findings),
        provenance=arguments.provenance,
        history=read_json(arguments.history),
        truth=table(arguments.truth),
        champion=table(arguments.champion),
        shadow=table(arguments.shadow),
        shadow_record=read_json(arguments.shadow_record) if arguments.shadow_record else None,
        features=table(arguments.champion_features),
        sketches=sketches.read(stored) if stored and stored.exists() else None,
    )


if __name__ == "__main__":
    command_line.run(main)
