"""Tests of every command's --help: it is there at once, because heavy modules are imported when needed."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted(".".join(path.with_suffix("").parts[1:]) for path in Path("scripts").rglob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_takes_no_time(script):
    seconds = []
    for _ in range(2):
        before = _processor_seconds()
        subprocess.run([sys.executable, "-m", f"scripts.{script}", "--help"], check=True, capture_output=True)
        seconds.append(_processor_seconds() - before)
    assert min(seconds) <= 0.3


def _processor_seconds() -> float:
    """Of all children so far: what they took, whatever else the machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
