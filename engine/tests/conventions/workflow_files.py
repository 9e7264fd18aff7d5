"""Workflows and actions as documents that know their lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from engine.tests.conventions.rules import found, imports, parsed

WORKFLOWS = ".github/workflows/*.yml"
ACTIONS = ".github/actions/*/action.yml"


class Mapping(dict):
    """A YAML mapping, where it begins and ends, and the line of each key."""

    line: int
    end: int
    lines: dict[str, int]


class Loader(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a word."""


def _mapping(loader: Loader, node: yaml.MappingNode) -> Iterator[Mapping]:
    made = Mapping()
    made.line, made.end = node.start_mark.line + 1, node.end_mark.line
    made.lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
    yield made
    made.update({key.value: loader.construct_object(value, deep=True) for key, value in node.value})


Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def documents(root: Path, *patterns: str) -> Iterator[tuple[str, Mapping]]:
    """Name and content of each workflow or action (default: of all)."""
    for name, path in found(root, *(patterns or (WORKFLOWS, ACTIONS))):
        yield name, yaml.load(path.read_text(), Loader) or Mapping()


def jobs(root: Path) -> Iterator[tuple[str, Mapping, str, Mapping]]:
    """Each job: file, workflow, name, and the job itself."""
    for name, workflow in documents(root, WORKFLOWS):
        for job, content in workflow.get("jobs", {}).items():
            yield name, workflow, job, content


def script_file(root: Path, script: str) -> Path:
    """The file of `python -m scripts.<script>`; of an old name, the script that it stands for."""
    path = root / "scripts" / f"{script.replace('.', '/')}.py"
    for _, module, name in imports(parsed(path)) if path.is_file() else ():
        if module.startswith("scripts.ci.") and name == "main":
            return root / f"{module.replace('.', '/')}.py"
    return path


def steps(root: Path) -> Iterator[tuple[str, Mapping]]:
    """Each step of workflows and actions once, however often an alias repeats it: file and step."""
    for name, document in documents(root):
        seen = set()
        for owner in (*document.get("jobs", {}).values(), document.get("runs", {})):
            for step in owner.get("steps", []):
                if id(step) not in seen:
                    seen.add(id(step))
                    yield name, step


def own_steps(root: Path, job: Mapping, env: dict[str, str] | None = None) -> Iterator[tuple[Mapping, dict]]:
    """The steps that a job comes to, those of local actions among them, and the environment of each."""
    env = (env or {}) | job.get("env", {})
    for step in job.get("steps", []):
        own = env | step.get("env", {})
        yield step, own
        if local := re.fullmatch(r"\./(\.github/actions/[\w-]+)", step.get("uses", "")):
            for _, action in documents(root, f"{local[1]}/action.yml"):
                yield from own_steps(root, action["runs"], own)


def listens(workflow: Mapping) -> bool:
    return "workflow_call" not in triggers(workflow)


def triggers(workflow: Mapping) -> dict[str, Any]:
    """The events that start a workflow, with what narrows them."""
    events = workflow.get("on") or {}
    return (
        events if isinstance(events, dict) else dict.fromkeys([events] if isinstance(events, str) else events)
    )


def environments(node: object) -> Iterator[Mapping]:
    """Every `env:` of a workflow or action, each once, however often an alias repeats it."""
    seen = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping) and isinstance(node.get("env"), Mapping) and id(node["env"]) not in seen:
            seen.add(id(node["env"]))
            yield node["env"]
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)
