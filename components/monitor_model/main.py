"""Decide by the newest mature rows whether the champion is to be trained again, and report what was seen."""

import argparse
import json
from datetime import date
from pathlib import Path

from engine import command_line

INPUTS = (
    *("policy", "as_of", "provenance", "champion_version", "findings", "history", "truth"),
    *("champion", "shadow", "shadow_record", "champion_features", "champion_model"),
)


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--policy", type=command_line.json_object, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--model-registry-uri", required=True, help="file:// or s3:// folder")
    parser.add_argument("--name", required=True, help="the model's name")
    parser.add_argument("--truth", type=Path, help="features with labels; absent: the data is refused")
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
    parser.add_argument("--results-uri", required=True, help="folder for decision and report; may be empty")
    parser.add_argument("--decided-by", required=True, help="the run")
    for name in ("decision", "report", "summary", "alarm", "train"):
        parser.add_argument(f"--{name}", type=command_line.output_file, required=True)
    return parser


def main() -> None:
    arguments = arguments_parser().parse_args()

    from engine.model_registry.model_registry import ModelRegistry
    from engine.monitoring.decide_once import decide_once
    from engine.monitoring.decision_document import monitor
    from engine.monitoring.monitor_inputs import read_inputs
    from engine.reporting import monitoring_terminal as terminal
    from engine.reporting.monitoring_report import render
    from engine.reporting.results import own_folder, write_results

    registry = ModelRegistry(arguments.model_registry_uri, arguments.name)
    rules = arguments.policy["monitoring"]
    inputs = read_inputs(**{name: getattr(arguments, name) for name in INPUTS})
    decision = monitor(inputs, lambda seen: decide_once(registry, seen, rules, arguments.decided_by))
    rendered = render(decision, inputs.history)
    results = {
        "decision.json": (arguments.decision, json.dumps(decision, indent=2) + "\n"),
        "monitoring.html": (arguments.report, rendered["html"]),
        "monitoring.md": (arguments.summary, rendered["markdown"]),
    }
    write_results(results, own_folder(arguments.results_uri, arguments.decided_by))
    arguments.alarm.write_text(str(decision["alarm"]).lower())
    arguments.train.write_text(str(decision["alarm"] and rules["start"] == "nested").lower())
    print(terminal.render(decision, color=False))


if __name__ == "__main__":
    command_line.run(main)
