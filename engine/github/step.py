"""What a step says to GitHub Actions: outputs and summary, if GitHub set files for them."""

import os
from pathlib import Path

VERDICT, REPORT = "verdict", "report"
"""Titles of annotations: the hash of verdict.json, and the address of the report."""


def set_outputs(**outputs: str) -> None:
    """Write each output as one line; `cache_scope` is the output cache-scope."""
    for value in outputs.values():
        if "\n" in value or "\r" in value:
            raise ValueError(f"expected an output of one line, found {value!r}")
    _append(
        "GITHUB_OUTPUT", "".join(f"{name.replace('_', '-')}={value}\n" for name, value in outputs.items())
    )


def add_summary(markdown: str) -> None:
    _append("GITHUB_STEP_SUMMARY", markdown)


def not_set(names: list[str]) -> str:
    """Which variables a step lacks, in words."""
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set"


def add_notice(text: str, title: str = "") -> None:
    """Say what people should see without opening the log; an annotation of the job's check."""
    line = " ".join(text.split())
    if os.environ.get("GITHUB_ACTIONS"):
        line = line.replace("%", "%25")
        print(f"::notice{f' title={title}' if title else ''}::{line}", flush=True)
    else:
        print(f"note: {f'{title}: ' if title else ''}{line}", flush=True)


def add_path(folder: Path) -> None:
    """Let the steps that follow find the programs in `folder` first."""
    _append("GITHUB_PATH", f"{folder}\n")


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
