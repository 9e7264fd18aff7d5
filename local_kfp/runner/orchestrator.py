"""Runs a compiled pipeline as a cluster does: kfp.local walks its graphs, this module executes tasks."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.local.status import Status
from kfp.pipeline_spec import pipeline_spec_pb2 as ir

from local_kfp.command_line import WorldError
from local_kfp.json_types import Struct
from local_kfp.runner import launcher
from local_kfp.runner.conditions import holds
from local_kfp.runner.kfp_local import Arguments, replaced, run_graph
from local_kfp.runner.parameter_values import plain, typed
from local_kfp.runner.record import Record, Task
from local_kfp.runner.task_documents import Component, Executor, Values
from local_kfp.runner.tasks import TaskFailed, Tasks

MOST_ITERATIONS_AT_ONCE = 32
# SIGTERM ends a run and its tasks together: the main thread must handle it before a task counts as failed.
SIGTERM_SECONDS = 0.1
COMPLETED = ir.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED  # type: ignore[attr-defined] # made on import


@dataclass
class Scope:
    """A graph, or a loop, while it runs; kfp.local hands it to each task of the graph as its `runner`."""

    task: Task
    path: tuple[str, ...] = ()
    states: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    """The first failure in it: after that no task starts, as on a cluster."""


class Orchestrator:
    """One run of one pipeline."""

    def __init__(self, folder: Path, tasks: Tasks, record: Record, constants: dict[str, str]):
        self._folder, self._tasks, self._record, self._constants = folder, tasks, record, constants
        self._processors = threading.BoundedSemaphore(os.cpu_count() or 1)

    def run(self, document: Mapping[str, Any], parameters: Struct) -> str | None:
        """Why the pipeline failed, or None if it succeeded."""
        spec = json_format.ParseDict(document, ir.PipelineSpec())  # type: ignore[attr-defined] # made on import
        self._components = dict(spec.components)
        self._executors: dict[str, Executor] = json_format.MessageToDict(spec.deployment_spec).get(
            "executors", {}
        )
        root = Task("root", "root", None)
        whole = Scope(root)
        with replaced(self._execute_task):
            self._settle(root, spec.root, whole, lambda: self._graph(spec.root, {**parameters}, root, ()))
        return whole.error

    def _execute_task(self, *, task_name: str, task_spec: Any, io_store: Any, runner: Scope, **_: Any) -> Any:
        """Outputs and status of one task of the graph `runner`; to kfp.local a skipped one is a success."""
        scope = runner
        component = self._components[task_spec.component_ref.name]
        task = Task(task_name, task_spec.task_info.name or task_name, scope.task.task_id)

        def run() -> Values | None:
            if _held_back(task_spec, scope):
                return None
            arguments = Arguments.make_task_arguments(task_spec.inputs, io_store)
            if not holds(task_spec.trigger_policy.condition or "true", arguments):
                return None
            way = self._loop if task_spec.WhichOneof("iterator") else self._once
            return way(task_spec, component, arguments, task, (*scope.path, task_name))

        outputs = self._settle(task, component, scope, run)
        return outputs, Status.FAILURE if task.state == "FAILED" else Status.SUCCESS

    def _settle(self, task: Task, component: Any, scope: Scope, run: Callable[[], Values | None]) -> Values:
        """Run a task and record how it ended; a task that returns None was skipped."""
        outputs = None
        try:
            outputs = run()
            if outputs is None:
                self._record.enter(task, "SKIPPED")
            else:
                self._record.enter(task, "SUCCEEDED", outputs=_shown(outputs, component))
        except (TaskFailed, WorldError, ValueError, OSError) as error:
            reason, exit_code = str(error), getattr(error, "exit_code", None)
            self._record.enter(task, "FAILED", error=reason, exit_code=exit_code)
            is_graph = component.WhichOneof("implementation") == "dag"
            scope.error = scope.error or (reason if is_graph else f"{task.name}: {reason}")
        scope.states[task.name] = task.state
        return outputs or {}

    def _once(
        self, spec: Any, component: Any, arguments: Values, task: Task, path: tuple[str, ...]
    ) -> Values:
        arguments = typed(json_format.MessageToDict(component.input_definitions), arguments)
        if component.WhichOneof("implementation") == "dag":
            return self._graph(component, arguments, task, path)
        return self._container(spec, json_format.MessageToDict(component), arguments, task, path)

    def _graph(self, component: Any, arguments: Values, task: Task, path: tuple[str, ...]) -> Values:
        self._record.enter(task, "RUNNING")
        scope = Scope(task, path)
        outputs = run_graph(component, arguments, self._components, scope)
        for name, spec in component.dag.tasks.items():
            if name not in scope.states:
                left_out = Task(name, spec.task_info.name or name, task.task_id)
                self._record.enter(left_out, "SKIPPED")
        if scope.error:
            raise TaskFailed(scope.error)
        return outputs

    def _loop(
        self, spec: Any, component: Any, arguments: Values, task: Task, path: tuple[str, ...]
    ) -> Values:
        if spec.WhichOneof("iterator") != "parameter_iterator":
            raise TaskFailed(
                "a loop over artifacts: expected one over parameters, the only kind that Kubeflow runs"
            )
        loop = spec.parameter_iterator
        parameter = loop.items.input_parameter
        items: Any = arguments[parameter] if parameter else json.loads(loop.items.raw)
        self._record.enter(task, "RUNNING")
        scope = Scope(task, path)

        def iterate(index: int) -> Values:
            name = f"{task.name}-iteration-{index}"
            iteration = Task(name, name, task.task_id)
            inner = arguments | {loop.item_input: plain(items[index])}

            def run() -> Values | None:
                return (
                    None
                    if scope.error
                    else self._once(spec, component, inner, iteration, (*path, str(index)))
                )

            return self._settle(iteration, component, scope, run)

        at_once = min(spec.iterator_policy.parallelism_limit or len(items) or 1, MOST_ITERATIONS_AT_ONCE)
        with ThreadPoolExecutor(at_once) as pool:
            outputs = list(pool.map(iterate, range(len(items))))
        if scope.error:
            raise TaskFailed(scope.error)
        declared = component.output_definitions
        names = (*declared.parameters, *declared.artifacts)
        return {name: [iteration[name] for iteration in outputs] for name in names}

    def _container(
        self, spec: Any, component: Component, arguments: Values, task: Task, path: tuple[str, ...]
    ) -> Values:
        executor = self._executors[component["executorLabel"]]
        constants = self._constants | {
            "{{$.pipeline_task_name}}": task.name,
            "{{$.pipeline_task_uuid}}": task.task_id,
        }
        folder = self._folder / "artifacts" / Path(*path)
        task_input = launcher.executor_input(component, arguments, folder, constants)
        launcher.refuse_doubled(task_input)
        if "importer" in executor:
            return launcher.imported(executor["importer"], component, task_input)
        table = launcher.placeholders(component, task_input, constants)
        container = launcher.container(executor["container"], task_input, table)
        log = f"logs/{task.task_id}.log"
        self._record.enter(task, "PENDING", log=log)
        for attempt in range(spec.retry_policy.max_retry_count + 1):
            time.sleep(_pause(spec.retry_policy, attempt))
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                with self._processors:
                    self._record.enter(task, "RUNNING")
                    self._run_container(container, self._folder / log)
                task.exit_code = 0
                return launcher.collect_outputs(component, task_input)
            except TaskFailed as error:
                failure = error
        raise failure

    def _run_container(self, container: launcher.Container, log: Path) -> None:
        status = self._tasks.run(container.image, container.command, container.environment, log)
        if status:
            time.sleep(SIGTERM_SECONDS)
            lines = log.read_bytes()[-1000:].decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
            how = f"killed by signal {status - 128}" if status > 128 else f"exit status {status}"
            raise TaskFailed(f"{how}: {last}", status)


def _held_back(spec: Any, scope: Scope) -> bool:
    """Whether the state of earlier tasks prevents a task from starting."""
    # kfp.local does not call execute_task for tasks downstream of a failure.
    upstream = [scope.states.get(name, "SKIPPED") for name in spec.dependent_tasks]
    if spec.trigger_policy.strategy == COMPLETED:
        return bool(upstream) and set(upstream) == {"SKIPPED"}
    return scope.error is not None or any(state != "SUCCEEDED" for state in upstream)


def _pause(policy: Any, attempt: int) -> float:
    """Seconds to wait before an attempt, the first being 0."""
    if not attempt:
        return 0
    longest: float = policy.backoff_max_duration.seconds or 3600
    pause: float = policy.backoff_duration.seconds * (policy.backoff_factor or 2) ** (attempt - 1)
    return min(pause, longest)


def _shown(outputs: Values, component: Any) -> dict[str, Values]:
    """Outputs in the form of the record: values of parameters, URIs of artifacts."""
    artifacts: dict[str, Any] = {
        name: outputs[name] for name in component.output_definitions.artifacts if name in outputs
    }
    uris: Values = {
        name: [item["uri"] for item in output] if isinstance(output, list) else output["uri"]
        for name, output in artifacts.items()
    }
    return {
        "parameters": {name: value for name, value in outputs.items() if name not in artifacts},
        "artifacts": uris,
    }
