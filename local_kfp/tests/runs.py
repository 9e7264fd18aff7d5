"""Runs compiled pipelines of a stand-in component, in this process or in one of their own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp import compiler, dsl

from local_kfp.run_settings import RunSettings
from local_kfp.runner.record import Record
from local_kfp.runner.run_process import run_pipeline
from local_kfp.runner.subprocess_tasks import SubprocessTasks

ROOT = Path(__file__).parents[2]
STANDIN = Path(__file__).with_name("standins") / "tool.py"
TAG = "tool-0123456789abcdef"


def tool(*arguments: Any, image: str = f"localhost/mlops:{TAG}") -> dsl.ContainerSpec:
    """What a component of these pipelines returns: the stand-in with `arguments`."""
    return dsl.ContainerSpec(
        image=image, command=["python", "-m", "components.tool.main"], args=list(arguments)
    )


def stage(store: Path, tag: str = TAG, source: str | None = None, requirements: str = "") -> Path:
    """An image in `store`, of one component whose main.py is `source`."""
    folder = store / tag / "components" / tag.rpartition("-")[0]
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(source or STANDIN.read_text())
    (folder / "requirements.txt").write_text(requirements)
    return store / tag


@dataclass
class Run:
    """A run's folder, and what is in it."""

    folder: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The last word on each task, by name."""
        return {line["name"]: line for line in self.lines if "name" in line}

    @property
    def states(self) -> dict[str, str]:
        return {name: task["state"] for name, task in self.tasks.items()}

    @property
    def verdict(self) -> dict[str, Any]:
        return self.lines[-1]

    def output(self, task: str, name: str = "out") -> Any:
        outputs = self.tasks[task]["outputs"]
        return (outputs["parameters"] | outputs["artifacts"])[name]

    def log(self, task: str) -> str:
        return (self.folder / self.tasks[task]["log"]).read_text()


def prepare(folder: Path, pipeline: Any, runner: str = "subprocess", **parameters: Any) -> Run:
    """The run's folder as the server makes it, beside the image store."""
    folder.mkdir(parents=True)
    compiler.Compiler().compile(pipeline, str(folder / "pipeline.yaml"))
    settings: RunSettings = {
        "run_id": "11111111-2222-3333-4444-555555555555",
        "display_name": "a run",
        "workflow": "a-run-11111",
        "scheduled_time": "2026-01-01T09:00:00Z",
        "parameters": parameters,
        "runner": runner,
        "image_store": str(folder.parent / "images"),
        "mounts": [str(ROOT)],
    }
    (folder / "run.json").write_text(json.dumps(settings))
    return Run(folder)


def execute(run: Run) -> str | None:
    """Run it in this process, which has kfp imported: None, or why it failed."""
    settings = json.loads((run.folder / "run.json").read_text())
    (run.folder / "logs").mkdir()
    record = Record(run.folder)
    error = run_pipeline(settings, run.folder, SubprocessTasks(Path(settings["image_store"])), record)
    record.finish("FAILED" if error else "SUCCEEDED", error)
    return error


def start(run: Run, *options: str) -> subprocess.Popen[str]:
    """Run it in a process of its own, as the server does."""
    return subprocess.Popen(
        [sys.executable, "-m", "local_kfp.runner.run_process", *options, run.folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
