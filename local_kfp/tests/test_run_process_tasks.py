"""What happens around one container: its command, its image, its outputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import pytest
from kfp import dsl

from local_kfp.tests.runs import Run, execute, prepare, stage, tool

Runs = Callable[..., Run]
OTHER = "localhost/mlops:tool-fedcba9876543210"
MISSING = "localhost/mlops:tool-ffffffffffffffff"


@dsl.container_component
def tell(text: str, out: dsl.OutputPath(str)):
    return tool("--write", out, text)


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Compile and run a pipeline to its end."""
    stage(tmp_path / "images")

    def compile_and_run(pipeline: Any, **parameters: Any) -> Run:
        run = prepare(tmp_path / "run", pipeline, **parameters)
        execute(run)
        return run

    return compile_and_run


def test_outputs_are_registered_with_their_types(run: Runs) -> None:
    @dsl.container_component
    def write(
        whole: dsl.OutputPath(int),
        share: dsl.OutputPath(float),
        flag: dsl.OutputPath(bool),
        items: dsl.OutputPath(list),
        settings: dsl.OutputPath(dict),
        table: dsl.Output[dsl.Dataset],
    ):
        written = [(whole, "3"), (share, "0.5"), (flag, "True"), (items, "[1]"), (settings, '{"a": 1}')]
        return tool(*(word for pair in [*written, (table.path, "rows")] for word in ("--write", *pair)))

    @dsl.pipeline
    def pipeline():
        write()

    outputs = run(pipeline).tasks["write"]["outputs"]

    assert outputs["parameters"] == {
        "whole": 3,
        "share": 0.5,
        "flag": True,
        "items": [1],
        "settings": {"a": 1},
    }
    assert Path(outputs["artifacts"]["table"]).read_text() == "rows"


def test_a_task_that_takes_an_artifact_twice_fails_as_on_a_cluster(run: Runs) -> None:
    @dsl.container_component
    def make(table: dsl.Output[dsl.Dataset]):
        return tool("--write", table.path, "rows")

    @dsl.container_component
    def join(left: dsl.Input[dsl.Dataset], right: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)):
        return tool("--write", out, "joined")

    @dsl.pipeline
    def pipeline():
        made, other = make(), make()
        apart = join(left=made.outputs["table"], right=other.outputs["table"])
        join(left=made.outputs["table"], right=made.outputs["table"]).after(apart)

    assert run(pipeline).verdict["error"] == (
        "join-2: input artifacts left and right: expected two artifacts, found one; "
        "Kubeflow's driver fails when a task takes an artifact twice"
    )


def test_a_command_that_names_an_input_without_a_value_fails_the_task(run: Runs) -> None:
    @dsl.container_component
    def greet(out: dsl.OutputPath(str), name: Optional[str] = None):  # noqa: UP045 - kfp has no str | None
        return tool("--write", out, f"hello {name}")

    @dsl.pipeline
    def pipeline():
        greet(name="{{$.inputs.parameters['name']}} is a text")
        greet()

    tasks = run(pipeline).tasks
    assert tasks["greet"]["state"] == "SUCCEEDED"
    assert tasks["greet-2"]["error"].startswith("input name: expected a value, found none; ")


@pytest.mark.parametrize(
    ("kind", "text"), [(int, "3.5"), (int, "many"), (float, "much"), (bool, "2"), (list, "{}"), (dict, "[]")]
)
def test_output_parameter_of_another_type_fails_the_task(run: Runs, kind: type, text: str) -> None:
    @dsl.container_component
    def write(out: dsl.OutputPath(kind)):
        return tool("--write", out, text)

    @dsl.pipeline
    def pipeline():
        write()

    error = run(pipeline).verdict["error"]
    assert error.startswith("write: output parameter out: expected a ")
    assert error.endswith(f"found {text!r}")


def test_missing_output_parameter_fails_the_task_and_missing_artifact_does_not(run: Runs) -> None:
    @dsl.container_component
    def forget_parameter(out: dsl.OutputPath(str)):
        return tool("--say", out)

    @dsl.container_component
    def forget_artifact(model: dsl.Output[dsl.Model]):
        return tool("--say", model.path)

    @dsl.pipeline
    def pipeline():
        forget_parameter().after(forget_artifact())

    done = run(pipeline)

    assert done.states == {"root": "FAILED", "forget-artifact": "SUCCEEDED", "forget-parameter": "FAILED"}
    assert "expected the task to write" in done.verdict["error"]


def test_executor_output_takes_precedence_over_files_and_adds_metadata(run: Runs, tmp_path: Path) -> None:
    @dsl.container_component
    def measure(said: str, path: str, metrics: dsl.Output[dsl.Metrics], out: dsl.OutputPath(str)):
        return tool("--write", out, "from the file", "--write", path, said)

    @dsl.container_component
    def show(metrics: dsl.Input[dsl.Metrics], out: dsl.OutputPath(dict)):
        return tool("--write", out, "{{$}}")

    said = {
        "parameterValues": {"out": "from the executor output"},
        "artifacts": {"metrics": {"artifacts": [{"name": "metrics", "metadata": {"auc": 0.81}}]}},
    }

    @dsl.pipeline
    def pipeline(path: str):
        show(metrics=measure(said=json.dumps(said), path=path).outputs["metrics"])

    done = run(pipeline, path=str(tmp_path / "run" / "artifacts" / "measure" / "executor_output.json"))

    assert done.output("measure") == "from the executor output"
    [metrics] = done.output("show")["inputs"]["artifacts"]["metrics"]["artifacts"]
    assert metrics["metadata"] == {"auc": 0.81}
    assert metrics["type"]["schemaTitle"] == "system.Metrics"


def test_image_can_be_a_parameter_or_an_output(run: Runs, tmp_path: Path) -> None:
    stage(tmp_path / "images", OTHER.rpartition(":")[2], source="print('the other image')")

    @dsl.container_component
    def speak():
        return tool("--say", "the stand-in")

    @dsl.pipeline
    def pipeline(image: str):
        speak()
        speak().set_container_image(image)
        speak().set_container_image(tell(text=image).output)

    done = run(pipeline, image=OTHER)

    assert [done.log(name) for name in ("speak", "speak-2", "speak-3")] == [
        "the stand-in\n",
        "the other image\n",
        "the other image\n",
    ]


def test_missing_image_fails_the_task_in_one_line(run: Runs, tmp_path: Path) -> None:
    @dsl.pipeline
    def pipeline():
        tell(text="a").set_container_image(MISSING)

    expected = tmp_path / "images" / "tool-ffffffffffffffff"
    assert run(pipeline).verdict["error"] == (
        f"tell: image {MISSING}: expected it staged in {expected}, found no such folder"
    )


def test_task_gets_its_variables_and_not_the_python_settings_of_this_process(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dsl.container_component
    def show(name: str, out: dsl.OutputPath(str)):
        return tool("--environment", name, out)

    @dsl.pipeline
    def pipeline():
        show(name="GREETING").set_env_variable("GREETING", "hello")
        show(name="PYTHONPATH")
        show(name="PYTHONHASHSEED")

    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    done = run(pipeline)

    assert [done.output(name) for name in ("show", "show-2", "show-3")] == ["hello", "", "0"]


def test_if_present_is_true_only_for_inputs_with_a_value(run: Runs) -> None:
    @dsl.container_component
    def greet(out: dsl.OutputPath(str), name: str = None, greeting: str = "hello"):  # noqa: RUF013 - kfp takes no unions
        return tool(
            "--write",
            out,
            greeting,
            dsl.IfPresentPlaceholder("name", then=["--say", name], else_=["--say", "no one"]),
        )

    @dsl.pipeline
    def pipeline(name: str = None):  # noqa: RUF013 - kfp takes no unions
        greet(name="you")
        greet(name=name)

    done = run(pipeline)

    assert [done.log(name) for name in ("greet", "greet-2")] == ["you\n", "no one\n"]
    assert done.output("greet") == "hello"


def test_placeholders_of_the_run_are_replaced(run: Runs) -> None:
    @dsl.pipeline
    def pipeline():
        tell(text=dsl.PIPELINE_JOB_ID_PLACEHOLDER)
        tell(text=dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER)
        tell(text=f"{dsl.PIPELINE_TASK_NAME_PLACEHOLDER} of {dsl.PIPELINE_JOB_NAME_PLACEHOLDER}")
        tell(text=f"at {dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER}")

    done = run(pipeline)

    assert done.output("tell") == "11111111-2222-3333-4444-555555555555"
    assert done.output("tell-2") == "2026-01-01T09:00:00Z"
    assert done.output("tell-3") == "tell-3 of a run"
    assert done.output("tell-4") == f"at {dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER}"


def test_importer_takes_a_local_file_and_refuses_a_remote_one(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("imported")

    @dsl.container_component
    def read(model: dsl.Input[dsl.Model], out: dsl.OutputPath(str)):
        return tool("--copy", model.path, out)

    @dsl.pipeline
    def pipeline(uri: str):
        local = dsl.importer(artifact_uri=uri, artifact_class=dsl.Model)
        done = read(model=local.output)
        dsl.importer(artifact_uri="s3://bucket/model", artifact_class=dsl.Model).after(done)

    done = run(pipeline, uri=f"file://{tmp_path}/there")

    assert done.output("read") == "imported"
    assert done.verdict["error"].startswith(
        "importer-2: dsl.importer of s3://bucket/model: expected a local path"
    )


def test_concat_placeholder_fails_the_task(run: Runs) -> None:
    @dsl.container_component
    def join(text: str):
        return tool("--say", dsl.ConcatPlaceholder(["a", text]))

    @dsl.pipeline
    def pipeline():
        join(text="b")

    assert "no Kubeflow server resolves it" in run(pipeline).verdict["error"]
