"""Copies of this project in which a test may change what a pull request would change, and gate it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.documents.verdicts import read_verdict
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.demo_files import put_back

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("AWS_", "CI", "GITHUB_", "KUBEFLOW_", "MODEL_REGISTRY_URI", "PREDICTIONS_URI", "RESULTS_URI")


def module_of(script: str) -> str:
    """The module of the script, which a person runs (scripts/) or a workflow does (scripts/ci/)."""
    return f"scripts.ci.{script}" if (ROOT / f"scripts/ci/{script}.py").is_file() else f"scripts.{script}"


@dataclass(frozen=True)
class Project:
    root: Path

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace each old text, which must be there, by its new one."""
        text = (self.root / path).read_text()
        for old, new in changes:
            assert old in text, f"{path} has no {old!r}"
            text = text.replace(old, new)
        (self.root / path).write_text(text)

    def git(self, *arguments: str) -> str:
        person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *person, *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A step")

    def run(
        self, script: str, *arguments: str, seconds: float = 300, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
        return subprocess.run(
            [sys.executable, "-m", module_of(script), *arguments],
            cwd=self.root,
            env=inherited | environment,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def gate(self, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
        """Exit status and verdict; what was printed is shown where the test fails."""
        done = self.run("gate", *arguments, **environment)
        print(done.stdout, done.stderr)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode, read_verdict(self.root / "build/gate/verdict.json")

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry((self.root / ".mlops/models").as_uri(), "flight-delays")

    def champion(self) -> dict[str, Any] | None:
        return self.registry.champion()

    def runs(self) -> list[Path]:
        return sorted((self.root / ".mlops/kfp/runs").glob("*"))

    def copied_to(self, folder: Path) -> "Project":
        shutil.copytree(self.root, folder, symlinks=True)
        return Project(folder)


def copy_of_this_project(root: Path) -> Project:
    """What "Use this template" gives: the project's files in one commit, the demo in its place.

    They are those of `git archive HEAD`, with what the work tree has changed since.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    put_back(root)
    project = Project(root)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit()
    return project


def comparison(verdict: dict[str, Any], reference: str) -> dict[str, Any]:
    return next(each for each in verdict["comparisons"] if each["reference"] == reference)


def outputs(project: Project, task: str, output: str) -> Any:
    """A JSON document that a task of the newest run left."""
    return json.loads(artifact(project, task, output).read_text())


def artifact(project: Project, task: str, output: str) -> Path:
    """What a task of the newest run left as `output`."""
    newest = max(project.runs(), key=lambda run: run.stat().st_mtime)
    events = [json.loads(line) for line in (newest / "events.jsonl").read_text().splitlines()]
    uri = next(
        event["outputs"]["artifacts"][output]
        for event in events
        if event.get("display_name") == task and event["state"] == "SUCCEEDED"
    )
    return Path(uri.removeprefix("file://"))
