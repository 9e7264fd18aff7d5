"""Leaves what was found in files of the task, and the same at a place that scripts read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import command_line
from engine.documents.verdict import Verdict
from engine.stores import storage


def own_folder(results_uri: str, run: str) -> str:
    """The folder of a run's results: `results_uri` itself, or below it if that ends with a slash.

    A recurring run has the same parameters each time, and no macro that every endpoint replaces in them.
    """
    return f"{results_uri}{run}" if results_uri.endswith("/") and run else results_uri.rstrip("/")


def write_results(results: Mapping[str, tuple[Path, str]], results_uri: str) -> None:
    """Write each text to its path, and under its name to the folder `results_uri` unless that is empty."""
    for name, (path, text) in results.items():
        path.write_text(text)
        if results_uri:
            storage.write_bytes(f"{results_uri}/{name}", text.encode())


def write_metrics(verdict: Verdict, path: Path, executor_input: dict[str, Any]) -> None:
    """Put the candidate's figures on the Metrics artifact, which is where Kubeflow's page looks for them."""
    candidate = verdict["models"].get("candidate")
    metrics = candidate["metrics"] if candidate else {}
    figures = {name: value for name, value in metrics.items() if value is not None}
    path.write_text(json.dumps(figures))
    outputs = executor_input.get("outputs", {})
    if "outputFile" in outputs:
        artifacts = [each | {"metadata": figures} for each in outputs["artifacts"]["metrics"]["artifacts"]]
        target = command_line.output_file(outputs["outputFile"])
        target.write_text(json.dumps({"artifacts": {"metrics": {"artifacts": artifacts}}}))
