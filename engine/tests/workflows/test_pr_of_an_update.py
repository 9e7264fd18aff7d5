"""The pull request of an update: pr.yml is the new version's, its scripts and actions are the copy's."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project
from engine.tests.update.repositories import environment
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.users import publish_images

MAIN = "def main() -> None:\n"
SECOND_RELEASE = {
    "pyproject.toml": ('version = "1.0.0"', 'version = "1.1.0"'),
    "CHANGELOG.md": ("## 1.0.0", "## 1.1.0\n\nNewer.\n\n## 1.0.0"),
    ".github/workflows/pr.yml": ("name: Plan the pull request", "name: Plan the pull request of 1.1.0"),
    ".github/actions/set-up/action.yml": ('run: PYTHONPATH="', 'run: echo actions of 1.1.0; PYTHONPATH="'),
    "scripts/ci/plan_pull_request.py": (MAIN, f'{MAIN}    print("scripts of 1.1.0")\n'),
    "engine/github/step.py": ("\n\ndef ", "\n\n# Of 1.1.0\ndef "),
}
EVERYTHING = ["plan", "build", "gate", "checks / every-suite", "ci-passed"]


@pytest.fixture(scope="module")
def template(users: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two releases: this project, and one with another pr.yml, action, script and engine."""
    template = users.copied_to(tmp_path_factory.mktemp("template") / "project")
    template.git("tag", "v1.0.0")
    for path, change in SECOND_RELEASE.items():
        template.edit(path, change)
    done = template.run("record_release")
    assert done.returncode == 0, done.stderr
    template.commit()
    template.git("tag", "v1.1.0")
    return template


@pytest.fixture(scope="module")
def github(
    template: Project, on_github: Callable[..., Runner], docker_registry: DockerRegistry, tmp_path_factory
) -> Runner:
    """A copy of 1.0.0 without the template's history, whose images were delivered once."""
    copy = template.copied_to(tmp_path_factory.mktemp("copy") / "project")
    copy.git("checkout", "--quiet", "--orphan", "only", "v1.0.0")
    copy.commit()
    copy.git("branch", "--quiet", "--move", "--force", "main")
    copy.git("tag", "--delete", "v1.0.0", "v1.1.0")
    publish_images(copy, docker_registry)
    return on_github(copy)


def update(copy: Project, template: Project) -> None:
    """Check out the branch of the update."""
    words = ["--template", str(template.root), "--no-lock", "--no-tests"]
    command = [sys.executable, "scripts/update.py", *words]
    done = subprocess.run(command, cwd=copy.root, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    copy.git("switch", "--quiet", "template-update-1.1.0")


def test_the_pull_request_of_an_update_is_green(github: Runner, template: Project, tmp_path: Path) -> None:
    change = github.origin.project.copied_to(tmp_path / "change")
    update(change, template)
    jobs = ["plan", "checks", "ci-passed"]

    event = github.origin.pull_request(change)
    run = github.run("pr.yml", event, jobs=jobs, given={"build": {}, "gate": {}})

    assert run.results == dict.fromkeys(EVERYTHING, "success"), run.printed
    plan = run.job("plan").step("Plan the pull request of 1.1.0")
    assert (plan.outputs["gate"], plan.outputs["plumbing"]) == ("local", "true")
    assert "1 passed" in run.job("checks / every-suite").step("every suite").printed
    assert printers(run, "scripts of 1.1.0") == set()
    assert printers(run, "actions of 1.1.0") == {"checks/run-tests/every suite"}


def printers(run: Run, line: str) -> set[str]:
    """The jobs that printed this line, as act names them."""
    found = (printed.rpartition(": ") for printed in run.printed.splitlines())
    return {job for job, _, text in found if text.strip() == line}
