"""The local KFP server's tasks in containers, over the socket of a real engine."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import dsl

from engine.tests.containers.container_engine import Engine
from engine.tests.demo_files import DEMO_SETTINGS
from local_kfp.tests.runs import Run, prepare, start

pytestmark = pytest.mark.containers


@pytest.fixture
def shell(built: Callable[[str], str]) -> Callable[..., dsl.ContainerSpec]:
    """A shell in an image of this project."""
    image = built("enforce_verdict")
    return lambda script, *words: dsl.ContainerSpec(
        image=image, command=["sh", "-c", script], args=list(words)
    )


@pytest.fixture
def prepared(docker_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    return lambda pipeline: prepare(tmp_path / "run", pipeline, runner="docker")


def test_a_container_sees_the_project_and_leaves_its_outputs(
    shell: Callable[..., dsl.ContainerSpec],
    prepared: Callable[..., Run],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @dsl.container_component
    def look(out: dsl.OutputPath(str), model: dsl.Output[dsl.Model]):
        script = 'echo "$MODEL_REGISTRY_URI $GREETING"; pwd > "$0"; head -1 "$2" > "$1"'
        return shell(script, out, model.path, str(DEMO_SETTINGS))

    @dsl.pipeline
    def pipeline():
        look().set_env_variable("GREETING", "hello")

    monkeypatch.setenv("MODEL_REGISTRY_URI", "file:///registry")
    run = prepared(pipeline)
    process = start(run)

    assert (process.communicate()[0], process.returncode) == ("", 0)
    assert run.log("look") == "file:///registry hello\n"
    assert run.output("look") == "/app\n"
    first_line = DEMO_SETTINGS.read_text().splitlines(keepends=True)[0]
    assert Path(run.output("look", "model")).read_text() == first_line


def test_a_container_that_fails_fails_its_task_and_leaves_nothing(
    shell: Callable[..., dsl.ContainerSpec], prepared: Callable[..., Run], engine: Engine
) -> None:
    @dsl.container_component
    def fail():
        return shell("echo as it must; exit 7")

    @dsl.pipeline
    def canary():
        fail()

    run = prepared(canary)
    process = start(run)

    assert (process.communicate()[0], process.returncode) == ("", 1)
    assert run.verdict == {"run": "FAILED", "error": "fail: exit status 7: as it must"}
    assert "as it must" not in engine.run("podman", "ps", "--all", "--no-trunc")


def test_an_image_that_cannot_be_pulled_fails_its_task_in_one_line(prepared: Callable[..., Run]) -> None:
    @dsl.container_component
    def nowhere():
        return dsl.ContainerSpec(image="localhost:1/nowhere:0", command=["true"])

    @dsl.pipeline
    def pipeline():
        nowhere()

    run = prepared(pipeline)
    start(run).communicate()

    assert run.verdict["error"].startswith("nowhere: image localhost:1/nowhere:0: ")
    assert "\n" not in run.verdict["error"]


def test_a_terminated_run_leaves_no_container(
    shell: Callable[..., dsl.ContainerSpec], prepared: Callable[..., Run], engine: Engine
) -> None:
    @dsl.container_component
    def wait():
        return shell("echo waiting; sleep 61")

    @dsl.pipeline
    def pipeline():
        wait()

    run = prepared(pipeline)
    process = start(run)
    deadline = time.monotonic() + 20
    while not (list(run.folder.glob("logs/*")) and run.log("wait") == "waiting\n"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate()

    assert run.states == {"root": "CANCELED", "wait": "CANCELED"}
    assert "sleep 61" not in engine.run("podman", "ps", "--all", "--no-trunc")
