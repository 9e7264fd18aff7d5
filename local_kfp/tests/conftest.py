from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kfp
import pytest
from kfp import compiler, dsl

from local_kfp.tests.in_process import InProcessServer, connect, wait_until

FINAL = {"SUCCEEDED", "FAILED"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with InProcessServer(tmp_path) as running:
        yield running
    assert not running.departures


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """One server for all tests of a module that can share it."""
    with InProcessServer(tmp_path_factory.mktemp("state")) as running:
        yield running
    assert not running.departures


@pytest.fixture
def client(server: InProcessServer) -> kfp.Client:
    return connect(server.url)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A compiled pipeline whose parameter tells the stand-in what to do."""

    @dsl.container_component
    def say_hello(behave: str, day: str) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image="hello", command=["echo"], args=[behave, day])

    @dsl.pipeline(name="greeting")
    def greeting(behave: str = "succeed", day: str = "", times: int = 1, extra: dict = {}) -> None:  # noqa: B006
        say_hello(behave=behave, day=day)

    path = tmp_path_factory.mktemp("pipeline") / "greeting.yaml"
    compiler.Compiler().compile(greeting, str(path))
    return str(path)


@pytest.fixture
def version(client: kfp.Client, package: str) -> dict[str, str]:
    """The arguments by which kfp.Client names an uploaded version."""
    pipeline = client.upload_pipeline(package, "greeting")
    [only] = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    return {"pipeline_id": pipeline.pipeline_id, "version_id": only.pipeline_version_id}


@pytest.fixture
def start(client: kfp.Client, version: dict[str, str]) -> Callable[..., Any]:
    """Start a run with these parameters, as created."""

    def start(**parameters: Any) -> Any:
        experiment = client.get_experiment(experiment_name="Default").experiment_id
        return client.run_pipeline(experiment, "greet", params=parameters, **version)

    return start


@pytest.fixture
def finish(client: kfp.Client) -> Callable[[Any], Any]:
    """The run once it is in a final state."""

    def finish(run: Any) -> Any:
        return wait_until(lambda: (now := client.get_run(run.run_id)).state in FINAL and now)

    return finish
