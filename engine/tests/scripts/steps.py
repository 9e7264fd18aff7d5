"""A step of a workflow, as GitHub runs it: one script in a checkout, with files for what it says."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from engine import command_line
from engine.tests.project import module_of

ROOT = Path(__file__).parents[3]


class Step:
    """What `script` did in `checkout`, with these environment variables and without credentials."""

    def __init__(self, checkout: Path, script: str, *arguments: str | Path, **variables: str):
        output, summary = checkout / "build/output", checkout / "build/summary"
        output.parent.mkdir(exist_ok=True)
        for file in (output, summary):
            file.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        kept = {"PATH": os.environ["PATH"], "HOME": str(checkout), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", module_of(script), *arguments],
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


class Call:
    """As a step, but in this process, which has imported kfp once for all."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        folder: Path,
        words: tuple[str | Path, ...],
        variables: dict[str, str],
    ):
        said = {name: folder / f".git/{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        script, *arguments = words
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
            patch.chdir(folder)
            patch.setattr("sys.argv", [str(script), *map(str, arguments)])
            for name, file in said.items():
                file.parent.mkdir(exist_ok=True)
                file.write_text("")
                patch.setenv(name, str(file))
            for name, value in variables.items():
                patch.setenv(name, value)
            capsys.readouterr()
            command_line.run(import_module(module_of(script)).main)
        self.status = end.value.code
        self.printed, self.error = capsys.readouterr()
        output, summary = (file.read_text() for file in said.values())
        self.outputs = dict(line.split("=", 1) for line in output.splitlines())
        self.summary = summary
