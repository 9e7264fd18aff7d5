"""A graph does what it does on a cluster: tests with pipelines that kfp compiles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl
from kfp.local.orchestrator import enhanced_dag_orchestrator

from local_kfp.tests.runs import Run, execute, prepare, stage, tool


@dsl.container_component
def tell(text: str, out: dsl.OutputPath(str)):
    return tool("--write", out, text)


@dsl.container_component
def decide(text: str, passed: dsl.OutputPath(bool)):
    return tool("--write", passed, text)


@dsl.container_component
def enumerate_items(text: str, items: dsl.OutputPath(list)):
    return tool("--write", items, text)


@dsl.container_component
def tell_list(items: list, out: dsl.OutputPath(str)):
    return tool("--write", out, items)


@dsl.container_component
def make(text: str, model: dsl.Output[dsl.Model]):
    return tool("--write", model.path, text)


@dsl.container_component
def read(model: dsl.Input[dsl.Model], out: dsl.OutputPath(str)):
    return tool("--copy", model.path, out)


@dsl.container_component
def fail():
    return tool("--say", "no luck today", "--exit", "3")


@dsl.container_component
def note(path: str, text: str):
    return tool("--append", path, text)


Runs = Callable[..., Run]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Compile and run a pipeline to its end."""
    stage(tmp_path / "images")

    def compile_and_run(pipeline: Any, **parameters: Any) -> Run:
        run = prepare(tmp_path / f"run-{len(list(tmp_path.iterdir()))}", pipeline, **parameters)
        execute(run)
        return run

    return compile_and_run


@pytest.mark.parametrize(("passed", "chosen"), [("true", "yes"), ("false", "no")])
def test_condition_on_a_named_output_chooses_its_branch(run: Runs, passed: str, chosen: str) -> None:
    @dsl.pipeline
    def pipeline():
        judged = decide(text=passed)
        with dsl.If(judged.outputs["passed"] == True):  # noqa: E712
            yes = tell(text="yes")
        with dsl.Else():
            no = tell(text="no")
        tell(text=dsl.OneOf(yes.outputs["out"], no.outputs["out"]))

    done = run(pipeline)

    assert done.verdict == {"run": "SUCCEEDED", "error": None}
    assert done.output("tell-3") == chosen
    assert sorted(done.states.values()).count("SKIPPED") == 1


@pytest.mark.parametrize(
    ("text", "number", "share", "expected"),
    [
        ('a "b" && !c', 3, 0.5, {"quoted", "many", "part"}),
        ("it's", 2, 1.5, set()),
        ("x' == 'x", 2, 2, set()),
    ],
)
def test_condition_compares_values_with_quotes_and_operators(
    run: Runs, text: str, number: int, share: float, expected: set[str]
) -> None:
    @dsl.pipeline
    def pipeline(text: str, number: int, share: float):
        with dsl.If(text == 'a "b" && !c', name="quoted"):
            tell(text="a")
        with dsl.If(number > 2, name="many"):
            tell(text="c")
        with dsl.If(share < 1.5, name="part"):
            tell(text="d")

    done = run(pipeline, text=text, number=number, share=share)

    names = {task["display_name"] for task in done.tasks.values() if task["state"] == "SUCCEEDED"}
    assert names & {"quoted", "many", "part"} == expected


def test_condition_with_three_branches_passes_on_the_artifact_of_one(run: Runs) -> None:
    @dsl.pipeline
    def branches(number: int) -> dsl.Model:
        with dsl.If(number == 1):
            one = make(text="one")
        with dsl.Elif(number == 2):
            two = make(text="two")
        with dsl.Else():
            more = make(text="more")
        return dsl.OneOf(one.outputs["model"], two.outputs["model"], more.outputs["model"])

    @dsl.pipeline
    def pipeline(number: int):
        read(model=branches(number=number).output)

    assert [run(pipeline, number=number).output("read") for number in (1, 2, 3)] == ["one", "two", "more"]


def test_condition_with_a_quote_fails_as_on_a_cluster(run: Runs) -> None:
    @dsl.pipeline
    def pipeline(text: str):
        with dsl.If(text == "it's"):
            tell(text="a")

    done = run(pipeline, text="it's")

    assert done.verdict["run"] == "FAILED"
    assert done.verdict["error"].startswith(
        "condition inputs.parameter_values['pipelinechannel--text'] == 'it's':"
    )


def test_loop_over_a_named_output_takes_other_outputs_and_collects_in_order(run: Runs) -> None:
    @dsl.container_component
    def pair(item: str, other: str, out: dsl.OutputPath(str), model: dsl.Output[dsl.Model]):
        return tool("--write", out, f"{item}-{other}", "--write", model.path, item)

    @dsl.container_component
    def gather(models: dsl.Input[list[dsl.Model]], everything: dsl.OutputPath(dict)):
        return tool("--write", everything, "{{$}}")

    @dsl.pipeline
    def pipeline():
        other = tell(text="o")
        listed = enumerate_items(text="[3, 1, 2]")
        with dsl.ParallelFor(listed.outputs["items"], parallelism=2) as item:
            each = pair(item=item, other=other.outputs["out"])
        tell_list(items=dsl.Collected(each.outputs["out"]))
        gather(models=dsl.Collected(each.outputs["model"]))

    done = run(pipeline)

    assert done.verdict["run"] == "SUCCEEDED", done.verdict
    assert json.loads(done.output("tell-list")) == ["3-o", "1-o", "2-o"]
    models = done.output("gather", "everything")["inputs"]["artifacts"]["models"]["artifacts"]
    assert [Path(model["uri"]).read_text() for model in models] == ["3", "1", "2"]


def test_nested_loops_read_fields_of_items(run: Runs) -> None:
    @dsl.pipeline
    def pipeline(shards: list, letters: list):
        with dsl.ParallelFor(shards) as shard:
            tell(text=shard.key).set_display_name("field")
        with dsl.ParallelFor(shards), dsl.ParallelFor(letters) as letter:
            tell(text=letter).set_display_name("nested")

    done = run(pipeline, shards=[{"key": "x"}, {"key": "y"}], letters=["a", "b"])

    def texts(name: str) -> list[str]:
        ended = [line for line in done.lines if line.get("display_name") == name and line["end_time"]]
        return sorted(line["outputs"]["parameters"]["out"] for line in ended)

    assert texts("field") == ["x", "y"]
    assert texts("nested") == ["a", "a", "b", "b"]


def test_missing_field_of_a_loop_item_fails_the_task(run: Runs) -> None:
    @dsl.pipeline
    def pipeline(shards: list):
        with dsl.ParallelFor(shards) as shard:
            tell(text=shard.key)

    assert "found" in run(pipeline, shards=[{"other": "x"}]).verdict["error"]


def test_input_of_another_type_fails_the_task(run: Runs) -> None:
    @dsl.container_component
    def double(number: int):
        return tool("--say", number)

    @dsl.pipeline
    def pipeline(numbers: list):
        with dsl.ParallelFor(numbers) as number:  # kfp declares the items of a list as text
            double(number=number)

    error = run(pipeline, numbers=[1]).verdict["error"]
    assert error == "double: input parameter number: expected a NUMBER_INTEGER, found '1'"


def test_loop_over_an_empty_list_collects_an_empty_list(run: Runs) -> None:
    @dsl.pipeline
    def pipeline(items: list):
        with dsl.ParallelFor(items) as item:
            each = tell(text=item)
        tell_list(items=dsl.Collected(each.outputs["out"]))

    assert run(pipeline, items=[]).output("tell-list") == "[]"


def test_loop_stops_at_the_first_failure(run: Runs) -> None:
    @dsl.pipeline
    def pipeline():
        with dsl.ParallelFor([1, 2, 3], parallelism=1) as item:
            fail().set_display_name(f"fails {item}")

    done = run(pipeline)

    assert done.verdict == {"run": "FAILED", "error": "fail: exit status 3: no luck today"}
    assert [done.states[f"for-loop-2-iteration-{index}"] for index in range(3)] == [
        "FAILED",
        "SKIPPED",
        "SKIPPED",
    ]


def test_numbers_are_formatted_as_go_does(run: Runs) -> None:
    @dsl.container_component
    def spell(whole: float, half: float, items: list, settings: dict, flag: bool, out: dsl.OutputPath(str)):
        return tool("--write", out, f"{whole} {half} {items} {settings} {flag}")

    @dsl.pipeline
    def pipeline(items: list, settings: dict):
        spell(whole=2.0, half=0.5, items=items, settings=settings, flag=True)

    done = run(pipeline, items=[1, 2], settings={"b": [2.5], "a": 1.0})
    assert done.output("spell") == '2 0.5 [1,2] {"a":1,"b":[2.5]} true'


def test_failed_task_fails_the_run_and_skips_later_tasks(run: Runs) -> None:
    @dsl.pipeline
    def pipeline():
        first = tell(text="a")
        broken = fail().after(first)
        tell(text="after").after(broken)
        tell(text="not after, but not begun yet").after(first)

    done = run(pipeline)

    assert done.verdict == {"run": "FAILED", "error": "fail: exit status 3: no luck today"}
    skipped = {"tell-2": "SKIPPED", "tell-3": "SKIPPED"}
    assert done.states == {"root": "FAILED", "tell": "SUCCEEDED", "fail": "FAILED"} | skipped
    assert done.tasks["fail"]["exit_code"] == 3


def test_exit_task_runs_after_a_failure_and_gets_its_status(run: Runs, tmp_path: Path) -> None:
    @dsl.container_component
    def close(path: str, status: dsl.PipelineTaskFinalStatus):
        return tool("--append", path, status)

    @dsl.pipeline
    def pipeline(path: str):
        with dsl.ExitHandler(close(path=path)):
            fail()

    done = run(pipeline, path=str(tmp_path / "noted"))

    assert done.verdict["run"] == "FAILED"
    assert done.states["close"] == "SUCCEEDED"
    assert json.loads((tmp_path / "noted").read_text())["state"] == "FAILED"


def test_task_can_ignore_an_upstream_failure(run: Runs, tmp_path: Path) -> None:
    @dsl.pipeline
    def pipeline(path: str):
        broken = fail()
        note(path=path, text="anyway").after(broken).ignore_upstream_failure()

    done = run(pipeline, path=str(tmp_path / "noted"))

    assert (tmp_path / "noted").read_text() == "anyway\n"
    assert done.states == {"root": "FAILED", "fail": "FAILED", "note": "SUCCEEDED"}


def test_task_that_ignores_failures_is_skipped_after_skipped_tasks(run: Runs, tmp_path: Path) -> None:
    @dsl.pipeline
    def pipeline(path: str):
        never = tell(text="never").after(fail())
        note(path=path, text="anyway").after(never).ignore_upstream_failure()

    done = run(pipeline, path=str(tmp_path / "noted"))

    assert done.states == {"root": "FAILED", "fail": "FAILED", "tell": "SKIPPED", "note": "SKIPPED"}


def test_independent_tasks_run_in_a_fixed_order(run: Runs) -> None:
    @dsl.pipeline
    def pipeline():
        for number in range(12):
            tell(text=str(number))

    ended = [line["name"] for line in run(pipeline).lines if line.get("state") == "SUCCEEDED"]
    assert ended == [*sorted(ended[:-1]), "root"]


@pytest.mark.parametrize(("retries", "state", "attempts"), [(2, "SUCCEEDED", 3), (1, "FAILED", 2)])
def test_failing_task_is_retried(run: Runs, tmp_path: Path, retries: int, state: str, attempts: int) -> None:
    @dsl.container_component
    def flaky(path: str):
        return tool("--append", path, "attempt", "--fail-until-lines", path, "3")

    @dsl.pipeline
    def pipeline(path: str):
        flaky(path=path).set_retry(retries, backoff_duration="0s")

    done = run(pipeline, path=str(tmp_path / "attempts"))

    assert done.states["flaky"] == state
    assert len((tmp_path / "attempts").read_text().splitlines()) == attempts


def test_pipeline_nested_twice_has_separate_folders(run: Runs) -> None:
    @dsl.pipeline
    def inner(text: str) -> dsl.Model:
        return make(text=text).outputs["model"]

    @dsl.pipeline
    def pipeline():
        first = inner(text="first")
        second = inner(text="second")
        read(model=first.output).after(second)
        read(model=second.output)

    done = run(pipeline)

    assert (done.output("read"), done.output("read-2")) == ("first", "second")


def test_optional_artifact_of_a_nested_pipeline_can_be_missing(run: Runs) -> None:
    @dsl.container_component
    def look(out: dsl.OutputPath(dict), model: dsl.Input[dsl.Model] = None):
        return tool("--write", out, "{{$}}")

    @dsl.pipeline
    def inner(model: dsl.Input[dsl.Model] = None):
        look(model=model)

    @dsl.pipeline
    def pipeline():
        inner()

    assert run(pipeline).output("look")["inputs"]["artifacts"] == {}


def test_kfp_local_is_restored_after_a_run(run: Runs) -> None:
    before = dict(vars(enhanced_dag_orchestrator))

    @dsl.pipeline
    def pipeline():
        fail()

    run(pipeline)

    assert dict(vars(enhanced_dag_orchestrator)) == before
