"""What the gate says where jobs that run a change's code cannot write: in the annotations of its own check.

Artifacts can be replaced by any job of their run, so that a verdict is believed by its announced hash alone.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.github.api import GitHub
from engine.github.step import REPORT, VERDICT, add_notice

GATE = "gate"


def announce(verdict: Path) -> None:
    add_notice(f"sha256:{sha256(verdict)}", title=VERDICT)


def announced(github: GitHub, jobs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By title, what the job gate announced once; of two announcements, neither is believed."""
    checks = [job["check_run_url"].rpartition("/")[2] for job in jobs if job["name"] == GATE]
    notices = (notice for check in checks for notice in github.pages("check-runs", check, "annotations"))
    messages: dict[str, list[str]] = {VERDICT: [], REPORT: []}
    for notice in notices:
        messages.get(notice["title"], []).append(notice["message"])
    return {title: texts[0] for title, texts in messages.items() if len(texts) == 1}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def address_of_report(announced: Mapping[str, str], run_address: str) -> str | None:
    """The address of the report, which is an artifact of the run."""
    address = announced.get(REPORT, "")
    return address if re.fullmatch(rf"{re.escape(run_address)}/artifacts/\d+", address) else None
