"""A step of a workflow, as GitHub runs it: one script in a checkout, with files for what it says."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Step:
    """What `script` did in `checkout`, with these environment variables and nobody's credentials."""

    def __init__(self, checkout: Path, script: str, *arguments: str | Path, **variables: str):
        output, summary = checkout / "build/output", checkout / "build/summary"
        output.parent.mkdir(exist_ok=True)
        for file in (output, summary):
            file.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        kept = {"PATH": os.environ["PATH"], "HOME": str(checkout), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", f"scripts.{script}", *arguments],
            cwd=checkout,
            env=kept | files | variables,
            capture_output=True,
            text=True,
        )
        self.status, self.printed, self.error = done.returncode, done.stdout, done.stderr
        self.outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        self.summary = summary.read_text()
        assert "Traceback" not in self.error, self.error

    @property
    def matrix(self) -> list[dict[str, str]]:
        assert self.status == 0, self.error
        return json.loads(self.outputs["matrix"])
