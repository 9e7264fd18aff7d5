"""Compare the candidate with control and champion on the same rows, and write verdict and report."""

import argparse
import json
from pathlib import Path
from typing import Any

from engine import command_line, tables
from engine.stores import storage


def arguments_parser() -> argparse.ArgumentParser:
    parser = command_line.parser(__doc__)
    parser.add_argument("--policy", type=command_line.json_object, required=True)
    for name in ("candidate", "control", "champion"):
        parser.add_argument(f"--{name}", type=Path, help=f"the {name}'s predictions, parquet")
    parser.add_argument("--truth", type=Path, help="features with labels (default: the evaluation features)")
    parser.add_argument("--training-features", type=Path, help="the candidate's, for drift")
    parser.add_argument("--evaluation-features", type=Path, help="the candidate's; none: the data is invalid")
    parser.add_argument("--candidate-record", type=Path)
    parser.add_argument("--control-record", type=Path)
    parser.add_argument("--champion-version", type=Path, help="what model_registry resolved")
    parser.add_argument("--history", type=Path, help="the ledger, as model_registry resolved it")
    parser.add_argument("--findings", type=Path, required=True, help="of validate_data")
    parser.add_argument("--provenance", type=command_line.json_object, required=True)
    parser.add_argument("--results-uri", default="", help="folder that gets verdict and report as well")
    parser.add_argument("--executor-input", type=command_line.json_object, default={})
    for name in ("verdict", "report", "summary", "passed"):
        parser.add_argument(f"--{name}", type=command_line.output_file, required=True)
    parser.add_argument("--metrics", type=command_line.output_file)
    return parser


def main() -> None:
    arguments = arguments_parser().parse_args()

    from engine.judging import verdict_document as document
    from engine.reporting import terminal
    from engine.reporting import verdict_report as report

    asked = read_question(arguments)
    verdict, rows = document.judge(asked)
    results = {
        "verdict.json": (arguments.verdict, json.dumps(verdict, indent=2) + "\n"),
        **{
            name: (path, text)
            for (name, text), path in zip(
                report.render(verdict, rows, asked).items(),
                (arguments.report, arguments.summary),
                strict=True,
            )
        },
    }
    for name, (path, text) in results.items():
        path.write_text(text)
        if arguments.results_uri:
            storage.write_bytes(f"{arguments.results_uri.rstrip('/')}/{name}", text.encode())
    write_metrics(verdict, arguments.metrics, arguments.executor_input)
    arguments.passed.write_text(str(verdict["passed"]).lower())
    print(terminal.render(verdict, color=False))


def read_question(arguments: argparse.Namespace) -> Any:
    from engine.judging.inputs import Model, read_json
    from engine.judging.verdict_document import Asked

    def table(path: Path | None) -> Any:
        return tables.read_table(path) if path else None

    models = {}
    if arguments.candidate:
        models["candidate"] = Model(read_json(arguments.candidate_record), table=table(arguments.candidate))
    if arguments.control:
        models["control"] = Model(read_json(arguments.control_record), table=table(arguments.control))
    version = read_json(arguments.champion_version) if arguments.champion_version else {"version": None}
    if version["version"]:
        models["champion"] = Model(version["record"], version["version"], table(arguments.champion))
    return Asked(
        policy=arguments.policy,
        findings=read_json(arguments.findings),
        provenance=arguments.provenance,
        history=read_json(arguments.history) if arguments.history else [],
        models=models,
        truth=table(arguments.truth or arguments.evaluation_features),
        training=table(arguments.training_features),
        evaluation=table(arguments.evaluation_features),
    )


def write_metrics(verdict: dict[str, Any], path: Path | None, executor_input: dict[str, Any]) -> None:
    """Put the candidate's figures on the Metrics artifact, which is where Kubeflow's page looks for them."""
    if path is None:
        return
    figures = {
        name: value
        for name, value in verdict["models"].get("candidate", {}).get("metrics", {}).items()
        if value is not None
    }
    path.write_text(json.dumps(figures))
    outputs = executor_input.get("outputs", {})
    if "outputFile" in outputs:
        artifacts = [each | {"metadata": figures} for each in outputs["artifacts"]["metrics"]["artifacts"]]
        target = command_line.output_file(outputs["outputFile"])
        target.write_text(json.dumps({"artifacts": {"metrics": {"artifacts": artifacts}}}))


if __name__ == "__main__":
    command_line.run(main)
