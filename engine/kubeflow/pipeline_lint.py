"""What a compiled pipeline must satisfy to run on a cluster as here, beyond what kfp itself checks."""

import re
from collections.abc import Iterator

import yaml

from engine.kubeflow import artifact_inputs, optional_inputs
from engine.kubeflow.pipeline_compiler import component_of
from engine.kubeflow.pipeline_spec import CachingOptions, Container, PipelineSpec, containers, graph_tasks

SCHEMA_VERSION = "2.1.0"
NEVER_CACHED = ("compare_models", "enforce_verdict", "model_registry")
PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
KNOWN_AT_RUN_TIME = re.compile(r"\{\{\$\.inputs\.parameters\[.+\]\}\}")
ONCE = "Kubeflow's metadata keeps one event of an artifact and a task, and the driver fails"
REFUSED = {
    re.compile(r'"Concat"'): "the server has no ConcatPlaceholder: pass the parts and join them in main.py",
    re.compile(r"\$\.outputs\.output_file"): "the launcher leaves that path unresolved: pass {{$}} instead",
    re.compile(
        r"\bpip3?\b.*\binstall\b", re.DOTALL
    ): "it installs at run time: put the packages in the image",
}


def problems(name: str, text: str, release: bool) -> Iterator[str]:
    """One line for each thing that is wrong with the compiled pipeline `name`; `release` wants digests."""
    spec: PipelineSpec = next(yaml.load_all(text, yaml.CSafeLoader))
    if spec["schemaVersion"] != SCHEMA_VERSION:
        yield f"{name}: expected schemaVersion {SCHEMA_VERSION}, found {spec['schemaVersion']}"
    for task, one, other in artifact_inputs.doubled(spec):
        yield f"{name}: task {task}: expected each artifact once, found one as {one} and as {other}; {ONCE}"
    for task, named in optional_inputs.left_out(spec):
        yield f"{name}: task {task}: expected a value for input {named}, which its command names, found none"
    tasks = _tasks_by_executor(spec)
    for label, container in containers(spec):
        where = f"{name}: task {', '.join(tasks[label])}"
        yield from (f"{where}: {problem}" for problem in _container_problems(container, release))
        if component_of(container) in NEVER_CACHED:
            for task, options in tasks[label].items():
                if options.get("enableCache"):
                    yield f"{name}: task {task}: expected no caching, found it on; what it judges changes"


def _container_problems(container: Container, release: bool) -> Iterator[str]:
    image = container["image"]
    if release and not PINNED.fullmatch(image) and not KNOWN_AT_RUN_TIME.fullmatch(image):
        yield f"expected an image with its @sha256: digest, found {image}; give --images of what was pushed"
    if not container.get("command"):
        yield "expected a command, found none; name it in component.py, because images have no ENTRYPOINT"
    words = [*container.get("command", []), *container.get("args", [])]
    for pattern, reason in REFUSED.items():
        if pattern.search(" ".join(words)):
            yield reason


def _tasks_by_executor(spec: PipelineSpec) -> dict[str, dict[str, CachingOptions]]:
    """For each executor's label the names of the tasks that run it, and how they are cached."""
    tasks: dict[str, dict[str, CachingOptions]] = {}
    for _, task in graph_tasks(spec):
        if label := spec["components"][task["componentRef"]["name"]].get("executorLabel"):
            tasks.setdefault(label, {})[task["taskInfo"]["name"]] = task.get("cachingOptions", {})
    return tasks
