"""What a compiled pipeline of this project does, in terms that a test can ask about."""

from pathlib import Path
from typing import Any

import yaml

from engine.kubeflow.pipeline_compiler import compile_pipeline, component_of

ROOT = Path(__file__).parents[2]
COMPONENTS = [path.parent.name for path in (ROOT / "components").glob("*/component.py")]
IMAGES = {name: f"localhost/{name}@sha256:{'0' * 64}" for name in COMPONENTS}


def compiled(name: str) -> str:
    return compile_pipeline(ROOT, name, IMAGES)


class Graph:
    """The tasks of a pipeline by display name, with the groups that they stand in."""

    def __init__(self, name: str):
        self.spec = next(yaml.safe_load_all(compiled(name)))
        self.tasks: dict[str, dict[str, Any]] = {}
        self.group: dict[str, str] = {}
        self._add("root", self.spec["root"]["dag"])

    def component(self, task: str) -> str | None:
        return component_of(self.container(task))

    def container(self, task: str) -> dict[str, Any]:
        label = self.spec["components"][self.tasks[task]["componentRef"]["name"]]["executorLabel"]
        return self.spec["deploymentSpec"]["executors"][label]["container"]

    def after(self, task: str) -> set[str]:
        """Keys of the tasks that `task` waits for in its own group."""
        return set(self.tasks[task].get("dependentTasks", []))

    def _add(self, group: str, dag: dict[str, Any]) -> None:
        for key, task in dag["tasks"].items():
            nested = self.spec["components"][task["componentRef"]["name"]].get("dag")
            if nested:
                self._add(task["taskInfo"]["name"], nested)
                continue
            shown = task["taskInfo"]["name"]
            name = shown if shown not in self.tasks else key
            self.tasks[name], self.group[name] = task, group
