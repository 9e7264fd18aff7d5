"""A run in containers without an engine to start them; with one, see engine/tests/containers."""

from pathlib import Path

import pytest
from kfp import dsl

from local_kfp.tests.runs import prepare, start, tool


@dsl.container_component
def speak():
    return tool("--say", "hello")


def test_missing_container_engine_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dsl.pipeline
    def pipeline():
        speak()

    host = f"unix://{tmp_path}/missing"
    monkeypatch.setenv("DOCKER_HOST", host)
    run = prepare(tmp_path / "run", pipeline, runner="docker")
    process = start(run)
    said = process.communicate()[0]

    assert process.returncode == 3
    assert said == f"error: {run.verdict['error']}\n"
    assert run.verdict["error"].startswith(f"expected a container engine at {host}, found none: ")
