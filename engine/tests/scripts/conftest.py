"""A small project with a pipeline of its own, and an endpoint to run it on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.gate.change import Change
from engine.gate.checkouts import read_change
from engine.images.images import stage_all
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.kfp_client import Client
from engine.kubeflow.local_server import local_kfp
from engine.kubeflow.pipeline_compiler import compile_pipeline
from engine.kubeflow.uploads import PipelineVersion, upload
from engine.sources import WorkTree
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.scripts.kubeflow import Kubeflow
from engine.tests.scripts.steps import Call, Step
from local_kfp.tests.in_process import InProcessServer

MAIN = """
import sys, time

print("asked to", *sys.argv[1:], flush=True)
if sys.argv[1] == "fail":
    sys.exit("I was asked to fail")
time.sleep(float(sys.argv[2]))
"""
PIPELINE = """
from kfp import dsl

@dsl.container_component
def wait(mode: str, seconds: float):
    return dsl.ContainerSpec("wait", ["python", "-m", "components.wait.main"], [mode, seconds])

@dsl.pipeline(name="waiting")
def waiting(day: str, mode: str = "work", seconds: float = 0.0):
    first = wait(mode="work", seconds=0.0)
    wait(mode=mode, seconds=seconds).after(first).set_display_name("wait (again)")
"""


@pytest.fixture(scope="module")
def change() -> Change:
    """The change of this checkout's work tree."""
    return read_change(Path(__file__).parents[3], "HEAD")


@pytest.fixture(scope="module")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose component waits, or fails where it is asked to."""
    root = tmp_path_factory.mktemp("toy")
    component = root / "components/wait"
    component.mkdir(parents=True)
    (component / "Dockerfile").write_text("FROM scratch\nCOPY components/wait components/wait\n")
    (component / "main.py").write_text(MAIN)
    (component / "requirements.txt").touch()
    (root / "pipelines").mkdir()
    (root / "pipelines/waiting.py").write_text(PIPELINE)
    return root


@pytest.fixture(scope="module")
def compiled(toy_project: Path) -> Path:
    """The toy's pipeline, compiled with its image as staged."""
    images = {name: image.reference for name, image in stage_all(WorkTree(toy_project)).items()}
    path = toy_project / "build/pipelines/waiting.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(compile_pipeline(toy_project, "waiting", images))
    return path


@pytest.fixture(scope="module")
def endpoint(toy_project: Path) -> Iterator[str]:
    """The URL of a local KFP server that knows the toy's images."""
    with local_kfp(toy_project / ".mlops/kfp", toy_project / ".mlops/images") as url:
        yield url


@pytest.fixture
def client(endpoint: str) -> Client:
    return open_client(endpoint)


@pytest.fixture
def version(client: Client, compiled: Path) -> PipelineVersion:
    return upload(client, compiled)


@pytest.fixture
def new_pipeline(compiled: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Call it with a name, and the toy's pipeline is there under that name too."""

    def copy(name: str) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(compiled.read_text().replace("name: waiting", f"name: {name}"))
        return path

    return copy


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project of two components, added to git."""
    root = tmp_path / "checkout"
    for name in ("load_data", "train_model"):
        folder = root / "components" / name
        folder.mkdir(parents=True)
        copy = f"COPY components/{name} components/{name}\n"
        (folder / "Dockerfile").write_text(f"FROM python@sha256:12\n{copy}")
        (folder / "main.py").write_text(f"print('{name}')\n")
    (root / ".gitignore").write_text(".mlops/\nbuild/\n")
    (root / "mlops.yaml").write_bytes(DEMO_SETTINGS.read_bytes())
    for words in (("init", "-q"), ("add", ".")):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


@pytest.fixture
def step(checkout: Path) -> Callable[..., Step]:
    """Run a script in the checkout."""
    return lambda *arguments, **variables: Step(checkout, *arguments, **variables)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Call]:
    """Call it with a folder, a script's name, its arguments and environment variables."""
    return lambda folder, *words, **variables: Call(monkeypatch, capsys, folder, words, variables)


@pytest.fixture
def kubeflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubeflow]:
    """An endpoint of its own, whose runs are stand-ins, held against the description of the API."""
    folder = tmp_path_factory.mktemp("kubeflow")
    with InProcessServer(folder) as server:
        yield Kubeflow(server, folder)
    assert not server.departures
