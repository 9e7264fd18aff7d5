"""Tests of scripts/compile_pipelines.py: kfp's own YAML with our images and resources, or why not."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from engine.command_line import SettingsError
from engine.kubeflow.pipeline_compiler import compile_all, compile_pipeline, read_references
from engine.kubeflow.pipeline_lint import problems
from engine.settings.tasks_schema import Resources, TaskSettings
from engine.tests.demo_files import DEMO_SETTINGS

DIGEST = "@sha256:" + "a" * 64
IMAGES = {"load_data": "localhost/mlops:load_data-1", "train_model": "localhost/mlops:train_model-2"}
HEAD = """
from kfp import dsl

@dsl.container_component
def load_data(as_of: str, tables: dsl.Output[dsl.Dataset]):
    return dsl.ContainerSpec(
        "load_data", ["python", "-m", "components.load_data.main"], ["--as-of", as_of, tables.path]
    )

@dsl.container_component
def train_model(tables: dsl.Input[dsl.Dataset]):
    return dsl.ContainerSpec("train_model", ["python", "-m", "components.train_model.main"], [tables.path])

@dsl.container_component
def enforce_verdict():
    return dsl.ContainerSpec("enforce_verdict", ["python", "-m", "components.enforce_verdict.main"])

def strange(command, args=(), image="python:3.11"):
    def strange_task():
        return dsl.ContainerSpec(image, command, list(args))
    return dsl.container_component(strange_task)()

@dsl.pipeline(name="toy")
def toy(as_of: str, image: str = "x"):
"""


def compiled(root: Path, body: str, images=IMAGES, **resources: Resources) -> str:
    (root / "pipelines").mkdir(exist_ok=True)
    (root / "pipelines/toy.py").write_text(HEAD + "".join(f"    {line}\n" for line in body.splitlines()))
    return compile_pipeline(root, "toy", images, TaskSettings(resources))


def spec_of(text: str) -> dict:
    return next(yaml.safe_load_all(text))


def executors(text: str) -> dict:
    return {label: each["container"] for label, each in spec_of(text)["deploymentSpec"]["executors"].items()}


def test_images_take_the_place_of_component_names(tmp_path):
    body = (
        "data = load_data(as_of=as_of)\ntrain_model(tables=data.outputs['tables']).set_container_image(image)"
    )
    found = executors(compiled(tmp_path, body))
    assert found["exec-load-data"]["image"] == IMAGES["load_data"]
    assert found["exec-train-model"]["image"] == "{{$.inputs.parameters['pipelinechannel--image']}}"


def test_resources_are_what_kfp_writes_itself(tmp_path):
    body = (
        "data = load_data(as_of=as_of)\ntrain_model(tables=data.outputs['tables']).set_container_image(image)"
    )
    ours = compiled(tmp_path, body, train_model=Resources(cpu="500m", memory="4Gi"))
    kfps = compiled(tmp_path, f"{body}.set_cpu_limit('500m').set_memory_limit('4Gi')")
    assert "resourceCpuLimit: 500m" in ours
    assert ours == kfps


@pytest.mark.parametrize("memory", ["1000", "3E", "3Pi", "2T", "2.5Gi", "7M", "7Ki"])
def test_every_unit_of_memory_is_counted_as_kfp_does(tmp_path, memory):
    ours = compiled(tmp_path, "load_data(as_of=as_of)", load_data=Resources(memory=memory))
    if "." in memory:  # which Kubernetes takes and kfp's own setter does not
        assert executors(ours)["exec-load-data"]["resources"]["memoryLimit"] == 2.5 * 1024**3 / 1000**3
    else:
        assert ours == compiled(tmp_path, f"load_data(as_of=as_of).set_memory_limit('{memory}')")


def test_only_tasks_that_ask_for_it_are_cached(tmp_path):
    body = """\
data = load_data(as_of=as_of)
train_model(tables=data.outputs['tables']).set_caching_options(True)
with dsl.If(as_of == "x"):
    load_data(as_of=as_of)"""
    spec = spec_of(compiled(tmp_path, body))
    parts = (spec["root"], *spec["components"].values())
    tasks = {name: task for part in parts for name, task in part.get("dag", {}).get("tasks", {}).items()}
    cached = [name for name, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")]
    assert cached == ["train-model"]
    assert len(tasks) == 4


def test_a_platform_document_comes_along(tmp_path):
    workspace = "pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size='1Gi'))"
    compiled(tmp_path, "load_data(as_of=as_of)")
    source = tmp_path / "pipelines/toy.py"
    source.write_text(source.read_text().replace('name="toy"', f'name="toy", {workspace}'))
    documents = list(yaml.safe_load_all(compile_pipeline(tmp_path, "toy", IMAGES)))
    assert "kubernetes" in documents[1]["platforms"]


@pytest.mark.parametrize(
    ("body", "release", "problem"),
    [
        (
            "strange(['a'])",
            True,
            "expected an image with its @sha256: digest, found python:3.11; give --images",
        ),
        (
            "strange(['a'], image='python@sha256:12')",
            True,
            "expected an image with its @sha256: digest, found",
        ),
        ("strange([])", False, "expected a command, found none"),
        (
            "strange(['a'], [dsl.ConcatPlaceholder(['a', 'b'])])",
            False,
            "the server has no ConcatPlaceholder",
        ),
        ("strange(['a'], ['{{$.outputs.output_file}}'])", False, "the launcher leaves that path unresolved"),
        (
            "strange(['sh', '-c', 'python3 -m pip install x'])",
            False,
            "it installs at run time: put the packages",
        ),
        ("strange(['pip', 'install', 'x'])", False, "it installs at run time: put the packages in the image"),
    ],
)
def test_a_task_that_no_cluster_can_run_is_refused(tmp_path, body, release, problem):
    [found] = problems("toy", compiled(tmp_path, f"{body}.set_display_name('odd one')"), release)
    assert found.startswith(f"toy: task odd one: {problem}")


def test_a_cached_judging_task_is_refused(tmp_path):
    text = compiled(tmp_path, "enforce_verdict().set_caching_options(True)", {"enforce_verdict": "x:1"})
    assert list(problems("toy", text, release=False)) == [
        "toy: task enforce-verdict: expected no caching, found it on; what it judges changes"
    ]


def test_an_artifact_comes_by_one_input_only(tmp_path):
    body = (
        "table = load_data(as_of=as_of).outputs['tables']\n"
        "@dsl.container_component\n"
        "def join(left: dsl.Input[dsl.Dataset], right: dsl.Input[dsl.Dataset]):\n"
        "    return dsl.ContainerSpec('join:1', ['python'], [left.path, right.path])\n"
        "join(left=table, right=table)"
    )
    [found] = problems("toy", compiled(tmp_path, body), release=False)
    assert found.startswith("toy: task join: expected each artifact once, found one as left and as right; ")


def test_a_released_pipeline_may_have_digests_and_images_known_at_run_time(tmp_path):
    body = (
        "data = load_data(as_of=as_of)\ntrain_model(tables=data.outputs['tables']).set_container_image(image)"
    )
    text = compiled(tmp_path, body, {"load_data": f"docker.io/you/x:load_data-1{DIGEST}"})
    assert list(problems("toy", text, release=True)) == []
    assert list(problems("toy", text.replace("2.1.0", "2.2.0"), release=True)) == [
        "toy: expected schemaVersion 2.1.0, found 2.2.0"
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("load_dat(as_of=as_of)", "pipelines/toy.py:25: NameError: name 'load_dat' is not defined"),
        ("load_data()", "pipelines/toy.py:25: TypeError: "),
        ("load_data(as_of=as_of", "pipelines/toy.py:25: SyntaxError: '(' was never closed"),
        (
            "strange(['a'], image='load_dta')",
            "pipelines/toy.py: image of exec-strange-task: expected a component that has an image, found",
        ),
    ],
)
def test_a_mistake_in_a_pipeline_is_one_line(tmp_path, body, message):
    with pytest.raises(SettingsError) as error:
        compiled(tmp_path, body)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_resources_of_no_component_are_named(project):
    with pytest.raises(
        SettingsError, match=r"mlops.yaml: resources.load_dta: expected a component .* load_data"
    ):
        compile_all(project, IMAGES, TaskSettings({"load_dta": Resources(cpu="1")}))


def test_a_module_without_its_pipeline_is_named(tmp_path):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/toy.py").write_text("def toy(): pass\n")
    with pytest.raises(
        SettingsError, match=r"pipelines/toy.py: expected a @dsl.pipeline function toy, found none"
    ):
        compile_pipeline(tmp_path, "toy", IMAGES)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one pipeline, and of the settings of this one but for its components' resources."""
    compiled(tmp_path, "load_data(as_of=as_of)")
    for component in ("load_data", "train_model"):
        (tmp_path / "components" / component).mkdir(parents=True)
        (tmp_path / "components" / component / "Dockerfile").write_text("FROM scratch\n")
    settings = yaml.safe_load(DEMO_SETTINGS.read_text()) | {"resources": {}}
    (tmp_path / "mlops.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


def command(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    here = {"PYTHONPATH": str(Path.cwd()), "PATH": os.environ["PATH"], **environment}
    line = [sys.executable, "-m", "scripts.compile_pipelines", *arguments]
    return subprocess.run(line, cwd=project, env=here, capture_output=True, text=True)


def test_the_command_writes_the_same_bytes_twice(project):
    target = project / "build/pipelines/toy.yaml"
    first = command(project, PYTHONHASHSEED="1")
    assert (first.returncode, first.stdout, first.stderr) == (0, "build/pipelines/toy.yaml\n", "")
    content = target.read_bytes()
    assert b"image: localhost/mlops:load_data-" in content
    target.with_name("gone.yaml").write_bytes(content)
    target.with_name("mine.yaml").write_text("a: 1")
    assert command(project, PYTHONHASHSEED="2").returncode == 0
    assert target.read_bytes() == content
    assert {path.name for path in target.parent.iterdir()} == {"toy.yaml", "mine.yaml"}


def test_the_command_refuses_a_release_without_digests_and_writes_nothing(project):
    images = project / "images.json"
    images.write_text(json.dumps({"load_data": "you/x:1", "train_model": "you/x:2"}))
    done = command(project, "--release", "--images", "images.json")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("toy: task load-data: expected an image with its @sha256:")
    assert not (project / "build").exists()
    images.write_text(json.dumps({"load_data": f"you/x{DIGEST}", "train_model": f"you/x{DIGEST}"}))
    assert command(project, "--release", "--images", "images.json").returncode == 0


def test_the_command_refuses_two_pipelines_of_one_name(project):
    """Or each deployment would replace the one by the other."""
    pipeline = (project / "pipelines/toy.py").read_text()
    (project / "pipelines/copied.py").write_text(pipeline.replace("def toy(", "def copied("))
    done = command(project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == (
        "pipelines/toy.py: expected another @dsl.pipeline(name=...) than pipelines/copied.py, "
        "found 'toy' in both"
    )
    (project / "pipelines/copied.py").write_text(
        pipeline.replace("def toy(", "def copied(").replace('name="toy"', 'name="copied"')
    )
    assert command(project).returncode == 0


@pytest.mark.parametrize("packages", [(), ("components", "components/load_data", "pipelines")])
def test_a_project_that_names_its_packages_as_ours_compiles_its_own(tmp_path, packages):
    """As where another repository calls our actions."""
    theirs = HEAD.partition("@dsl.pipeline")[0].replace('"load_data",', '"theirs",')
    for folder in ("components/load_data", "pipelines/lib"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in packages:
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "components/load_data/component.py").write_text(theirs)
    (tmp_path / "pipelines/lib/names.py").write_text("NAME = 'toy'\n")
    (tmp_path / "pipelines/toy.py").write_text(
        "from kfp import dsl\n"
        "from components.load_data.component import load_data\n"
        "from pipelines.lib.names import NAME\n"
        "@dsl.pipeline(name=NAME)\n"
        "def toy(as_of: str):\n    load_data(as_of=as_of)\n"
    )
    ours = import_module("components.load_data.component")
    images = {"theirs": "localhost/theirs:1"}
    assert executors(compile_pipeline(tmp_path, "toy", images))["exec-load-data"]["image"] == images["theirs"]
    assert sys.modules["components.load_data.component"] is ours, "what was imported before is still there"


def test_absent_references_tell_what_writes_them(tmp_path):
    with pytest.raises(SettingsError, match="expected what record_images writes, found no such file"):
        read_references(tmp_path / "images.json")
