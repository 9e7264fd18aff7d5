"""Tests of scripts/ci/announce_report.py: one annotation, whatever the address says."""

from pathlib import Path

import pytest

from engine.tests.scripts.steps import Step

ADDRESS = "https://github.com/you/flights/actions/runs/1/artifacts/2"


@pytest.mark.parametrize(
    ("address", "printed"),
    [
        (ADDRESS, f"::notice title=report::{ADDRESS}\n"),
        ("a\n::error::b", "::notice title=report::a ::error::b\n"),
    ],
)
def test_the_report_is_announced_in_one_line(tmp_path: Path, address: str, printed: str) -> None:
    done = Step(tmp_path, "announce_report", address, GITHUB_ACTIONS="true")
    assert (done.status, done.printed) == (0, printed)
