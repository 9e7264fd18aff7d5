"""Another repository uses the actions at a commit, as docs/actions.md shows, and needs none of our files."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.images import images
from engine.kubeflow import kfp_lists, runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.local_server import local_kfp
from engine.sources import GitIndex
from engine.tests.containers.container_engine import Engine
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import ROOT, Project
from engine.tests.workflows import act
from engine.tests.workflows.act import Runner

OURS, SHA = "acme/mlops-template", "5" * 40
NOT_THIS = 'raise ImportError("not this one: it has the name of the actions\' own package")\n'
FILES = {
    "components/__init__.py": "",
    "components/say_hello/__init__.py": "",
    "components/say_hello/Dockerfile": "FROM scratch\nCOPY components/say_hello components/say_hello\n",
    "components/say_hello/main.py": 'print("hello from elsewhere")\n',
    "components/say_hello/requirements.txt": "",
    "components/say_hello/component.py": (
        "from kfp import dsl\n\n\n@dsl.container_component\ndef say_hello():\n"
        '    return dsl.ContainerSpec("say_hello", ["python", "-m", "components.say_hello.main"])\n'
    ),
    "components/shared/__init__.py": NOT_THIS,
    "scripts/__init__.py": NOT_THIS,
    "pipelines/__init__.py": "",
    "pipelines/hello.py": (
        "from kfp import dsl\n\nfrom components.say_hello.component import say_hello\n\n\n"
        '@dsl.pipeline(name="hello")\ndef hello():\n    say_hello()\n'
    ),
    ".gitignore": ".mlops/\nbuild/\n__pycache__/\n",
}


@pytest.fixture
def elsewhere(tmp_path: Path, docker_registry: DockerRegistry) -> Project:
    """Another repository, whose packages have the names of ours; its workflow is the one of the docs."""
    repository = docker_registry.new_repository()
    settings = DEMO_SETTINGS.read_text().partition("\nresources:")[0]
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/actions.md").read_text(), re.DOTALL)[1]
    workflow = example.replace("OWNER/REPOSITORY", OURS).replace("@SHA", f"@{SHA}")
    files = FILES | {
        "mlops.yaml": settings.replace("images: {}", f"images: {{repository: {repository}}}"),
        ".github/workflows/hello.yml": f"name: hello\non: push\n{workflow}",
    }
    project = Project(tmp_path / "elsewhere")
    for name, text in files.items():
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text(text)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit()
    return project


def test_the_example_of_the_docs_builds_deploys_and_runs(
    elsewhere: Project,
    users: Project,
    on_github: Callable[..., Runner],
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    stood_in = act.stood_in
    monkeypatch.setattr(act, "stood_in", lambda _: stood_in(users.root) | {f"{OURS}@{SHA}": str(users.root)})
    github = on_github(elsewhere)
    images.stage_all(GitIndex(elsewhere.root))

    with local_kfp(tmp_path / "kfp", elsewhere.root / ".mlops/images") as url:
        github.variables = {"KUBEFLOW_HOST": url}
        run = github.run("hello.yml", github.origin.push())

        assert run.results == {"plan": "success", "build": "success", "deploy": "success"}, run.printed
        client = open_client(url)
        (found,) = kfp_lists.runs(client, "")
        assert runs.read_run(client, found.run_id).state == "SUCCEEDED"
