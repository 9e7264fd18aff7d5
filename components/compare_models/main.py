"""Compare the candidate with control and champion on the same rows, and write verdict and report."""

import argparse
import json
from pathlib import Path

from engine import command_line

MODELS = ("candidate", "control", "champion")


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--policy", type=command_line.json_object, required=True)
    parser.add_argument(
        "--proposed-policy", type=command_line.json_object, default={}, help="the change's; decides nothing"
    )
    for name in MODELS:
        parser.add_argument(f"--{name}", type=Path, help=f"the {name}'s predictions, parquet")
    parser.add_argument("--truth", type=Path, help="features with labels (default: the evaluation features)")
    parser.add_argument("--training-features", type=Path, help="the candidate's, for drift")
    parser.add_argument(
        "--evaluation-features", type=Path, help="the candidate's; absent: the data is invalid"
    )
    parser.add_argument("--candidate-record", type=Path)
    parser.add_argument("--control-record", type=Path)
    parser.add_argument("--champion-version", type=Path, help="what model_registry resolved")
    parser.add_argument("--history", type=Path, help="the ledger, as model_registry resolved it")
    parser.add_argument("--findings", type=Path, required=True, help="of validate_data")
    parser.add_argument("--provenance", type=command_line.json_object, required=True)
    parser.add_argument("--results-uri", default="", help="another folder for verdict and report")
    parser.add_argument("--run", default="", help="names the folder if --results-uri ends with a slash")
    parser.add_argument("--executor-input", type=command_line.json_object, default={})
    for name in ("verdict", "report", "summary", "passed"):
        parser.add_argument(f"--{name}", type=command_line.output_file, required=True)
    parser.add_argument("--metrics", type=command_line.output_file)
    return parser


def main() -> None:
    arguments = arguments_parser().parse_args()

    from engine.judging.explanations import explained
    from engine.judging.verdict_document import judge
    from engine.judging.verdict_inputs import read_inputs
    from engine.reporting import terminal
    from engine.reporting.results import own_folder, write_metrics, write_results
    from engine.reporting.verdict_report import render

    inputs = read_inputs(
        policy=arguments.policy,
        provenance=arguments.provenance,
        findings=arguments.findings,
        history=arguments.history,
        truth=arguments.truth or arguments.evaluation_features,
        training=arguments.training_features,
        evaluation=arguments.evaluation_features,
        predictions={name: getattr(arguments, name) for name in MODELS},
        records={"candidate": arguments.candidate_record, "control": arguments.control_record},
        champion_version=arguments.champion_version,
    )
    verdict, rows = judge(inputs)
    verdict = explained(verdict, rows, inputs, arguments.proposed_policy)
    rendered = render(verdict, rows, inputs)
    results = {
        "verdict.json": (arguments.verdict, json.dumps(verdict, indent=2) + "\n"),
        "report.html": (arguments.report, rendered["report.html"]),
        "report.md": (arguments.summary, rendered["report.md"]),
    }
    write_results(results, own_folder(arguments.results_uri, arguments.run))
    if arguments.metrics:
        write_metrics(verdict, arguments.metrics, arguments.executor_input)
    arguments.passed.write_text(str(verdict["passed"]).lower())
    print(terminal.render(verdict, color=False))


if __name__ == "__main__":
    command_line.run(main)
