"""A change's code in its own place: what fails is said, and its log gives the runner no command."""

import json
import shutil
from pathlib import Path

import pytest

from engine.tests.project import ROOT, Project

RUN = {
    "run_id": "candidate",
    "display_name": "candidate",
    "workflow": "candidate",
    "scheduled_time": "2026-01-01T00:00:00Z",
    "parameters": {},
    "runner": "subprocess",
    "image_store": ".mlops/images",
    "mounts": [],
}
PIPELINE = """\
components:
  comp-tool:
    executorLabel: exec-tool
deploymentSpec:
  executors:
    exec-tool:
      container: {command: [python, -m, components.tool.main], image: "localhost/mlops:tool-0123456789abcdef"}
pipelineInfo: {name: candidate}
root:
  dag:
    tasks:
      tool: {cachingOptions: {}, componentRef: {name: comp-tool}, taskInfo: {name: tool}}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.3
"""


@pytest.fixture
def place(tmp_path: Path) -> Project:
    """A place with one task, whose code is the file components/tool/main.py of its image."""
    for path in ("local_kfp", "engine/command_line", "scripts/ci/run_candidate.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, tmp_path / path)
    image = tmp_path / ".mlops/images/tool-0123456789abcdef/components/tool"
    image.mkdir(parents=True)
    (image / "requirements.txt").write_text("")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text(json.dumps(RUN))
    (tmp_path / "run/pipeline.yaml").write_text(PIPELINE)
    return Project(tmp_path)


def code(place: Project, text: str) -> None:
    (place.root / ".mlops/images/tool-0123456789abcdef/components/tool/main.py").write_text(text)


def test_a_task_that_fails_is_a_finding(place: Project) -> None:
    code(place, "raise SystemExit('no such column')\n")
    done = place.run("run_candidate")
    assert done.returncode == 1
    assert "no such column" in done.stdout and "found a task that failed" in done.stderr


def test_a_lock_that_cannot_be_installed_is_reported(place: Project) -> None:
    """No task starts then, and none has a log that says it."""
    lock = place.root / ".mlops/images/tool-0123456789abcdef/components/tool/requirements.txt"
    lock.write_text("a-package-without-a-hash==1.0\n")
    done = place.run("run_candidate")
    assert done.returncode == 1
    said = next(line for line in done.stdout.splitlines() if "cannot make the environment" in line)
    assert said.startswith("---") and "a-package-without-a-hash" in said


def test_a_log_gives_the_runner_no_command(place: Project) -> None:
    """Between the two lines that GitHub's runner ends and begins to listen at."""
    code(place, "print('::set-output name=x::1')\nprint('::notice::all fine')\n")
    done = place.run("run_candidate")
    lines = done.stdout.splitlines()
    stop = next(line for line in lines if line.startswith("::stop-commands::"))
    again = f"::{stop.removeprefix('::stop-commands::')}::"
    said = [index for index, line in enumerate(lines) if line.startswith(("::set-output", "::notice"))]
    assert done.returncode == 0 and len(said) == 2
    assert all(lines.index(stop) < index < lines.index(again) for index in said)
