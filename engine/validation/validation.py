"""Checks the features of two windows, and says and writes down what is wrong with them."""

from pathlib import Path

from engine import tables
from engine.command_line.component_settings import FeatureSettings
from engine.validation import checks


def validate(training: Path, evaluation: Path, settings: FeatureSettings, findings_file: Path) -> int:
    """How many findings there are about two parquet files of features; warnings do not count."""
    rows, evaluated = tables.read_table(training), tables.read_table(evaluation)
    findings = checks.find(rows, evaluated, settings)
    refused, warnings = findings.get("findings", []), findings.get("warnings", [])
    for kind, entries in (("finding", refused), ("warning", warnings)):
        for entry in entries:
            print(f"{kind}: {entry['message']} [{entry.get('check')}]")
    tables.write_json(findings, findings_file)
    if not refused:
        print(f"{rows.num_rows} rows of training and {evaluated.num_rows} of evaluation are fit for use")
    return len(refused)
