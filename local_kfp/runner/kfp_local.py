"""The orchestrator of kfp.local, with its faults replaced while a pipeline runs.

It provides the order of tasks, exit handlers, and inputs and outputs of graphs. The caller executes tasks.
Unchanged, it refuses containers as subprocesses, evaluates a condition on a named output as false, passes a
loop's item instead of other tasks' outputs, and lets two tasks of one component share a folder.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import kfp
from google.protobuf import json_format
from kfp.local import executor_output_utils, graph_utils
from kfp.local.orchestrator import enhanced_dag_orchestrator as stock
from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

from local_kfp.command_line import SettingsError
from local_kfp.runner.parameter_values import plain
from local_kfp.runner.task_documents import Values
from local_kfp.runner.tasks import TaskFailed

VERSION = "2.17.3"


@contextmanager
def replaced(execute_task: Callable[..., Any]) -> Iterator[None]:
    """Make kfp.local call `execute_task` for each task of a graph; restore kfp.local afterwards."""
    if kfp.__version__ != VERSION:
        raise SettingsError(
            f"expected kfp {VERSION}, found {kfp.__version__}: "
            "check what local_kfp/runner/kfp_local.py replaces before its version is changed there"
        )
    replacements = (
        (stock, "execute_task", execute_task),
        # Conditions and loops are execute_task's: every task is a regular one.
        (stock.ConditionEvaluator, "evaluate_condition", lambda *_: True),
        (stock, "_has_valid_iterator", lambda *_: False),
        (stock, "OrchestratorUtils", Arguments),
        (graph_utils, "build_dependency_map", _dependencies),
        (executor_output_utils, "pb2_value_to_python", _python),
    )
    with ExitStack() as afterwards:
        for owner, name, replacement in replacements:
            afterwards.callback(setattr, owner, name, vars(owner)[name])
            setattr(owner, name, replacement)
        yield


def run_graph(graph: Any, arguments: Values, components: dict[str, Any], scope: Any) -> Values:
    """Outputs of a graph; `scope` reaches each of its tasks as `runner`. Tasks record failures."""
    outputs: Values
    outputs, _ = stock.run_enhanced_dag(
        dag_component_spec=graph,
        dag_arguments=dict.fromkeys(graph.input_definitions.artifacts) | arguments,
        components=components,
        runner=scope,
        fail_stack=[],
        # kfp.local only passes these on to execute_task.
        pipeline_resource_name="",
        executors={},
        pipeline_root="",
        unique_pipeline_id="",
    )
    return outputs


class Arguments(OrchestratorUtils):
    """The arguments of tasks and the outputs of graphs as kfp.local resolves them, less two of its faults."""

    @classmethod
    def _apply_expression_selector(cls, value: Any, expression: str) -> Any:
        """A missing field is an error; kfp.local returns the whole item instead."""
        field = re.fullmatch(r'parseJson\(string_value\)\["(.*)"\]', expression)
        try:
            item = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            item = None
        if field is None or not isinstance(item, dict) or field[1] not in item:
            raise TaskFailed(f"expected {expression} of the loop's item, found {json.dumps(value)}")
        return item[field[1]]

    @classmethod
    def get_dag_output_artifacts(cls, dag_outputs_spec: Any, io_store: Any) -> Values:
        """An artifact that one of several branches makes; kfp.local supports that for parameters only."""
        outputs: Values = {}
        for name, output in dag_outputs_spec.artifacts.items():
            for branch in output.artifact_selectors:
                try:
                    outputs[name] = io_store.get_task_output(
                        branch.producer_subtask, branch.output_artifact_key
                    )
                except ValueError:
                    continue
            if name not in outputs:
                raise TaskFailed(f"output {name}: no task that ran made it")
        return outputs


def _dependencies(tasks: Any) -> dict[str, list[str]]:
    """Sorted by name, so that independent tasks run in the same order each time."""
    return {name: list(tasks[name].dependent_tasks) for name in sorted(tasks)}


def _python(value: Any) -> Any:
    """Integers in lists stay integers, and an absent value is None."""
    return plain(json_format.MessageToDict(value)) if value.WhichOneof("kind") else None
