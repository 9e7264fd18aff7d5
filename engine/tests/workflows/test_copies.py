"""A copy of the template, as "Use this template" leaves it, and its owner's pull requests."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import sources
from engine.images import images
from engine.tests.demo_files import DEMO
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import ROOT, Project
from engine.tests.workflows.act import Run, Runner
from engine.tests.workflows.users import lock, publish_images

JOBS = ["plan", "checks", "ci-passed"]
CHECKS = [
    "Check out",
    "Set up",
    "Lint",
    "Test components and pipelines",
    "Compile all pipelines",
]
GREEN = dict.fromkeys(["plan", "build", "gate", "checks / tests", "ci-passed"], "success")
# act starts no job after a called workflow that failed; test_pr.py has ci-passed of failed checks.
RED = {name: result for name, result in GREEN.items() if name != "ci-passed"} | {"checks / tests": "failure"}
RULES = "rules"


@pytest.fixture(scope="module")
def github(
    fresh: Project, on_github: Callable[..., Runner], docker_registry: DockerRegistry, tmp_path_factory
) -> Runner:
    """The files of the template in one commit of another repository, whose images were delivered once."""
    copy = fresh.copied_to(tmp_path_factory.mktemp("copy") / "project")
    publish_images(copy, docker_registry)
    copy.git("checkout", "--quiet", "--orphan", "only")
    copy.commit()
    copy.git("branch", "--quiet", "--move", "--force", "main")
    assert copy.git("rev-list", "--count", "HEAD") == "1"
    return on_github(copy)


@pytest.fixture
def change(github: Runner, tmp_path: Path) -> Project:
    return github.origin.project.copied_to(tmp_path / "change")


def pull_request(github: Runner, change: Project, tests: str) -> Run:
    """Run what pr.yml runs for this change, of its tests those whose name has one of these words."""
    change.commit()
    event = github.origin.pull_request(change)
    given = {"build": {}, "gate": {}}
    return github.run(
        "pr.yml", event, jobs=JOBS, given=given, PYTEST_ADDOPTS=f"-k '{tests}'" if tests else ""
    )


def steps(run: Run) -> list[str]:
    """The steps of the checks, up to the one that failed."""
    return [name for name in run.job("checks / tests").steps if name not in ("Set up job", "Complete job")]


def to_build(run: Run) -> list[str]:
    matrix = json.loads(run.job("plan").step("Plan images").outputs["matrix"])
    return [image["component"] for image in matrix]


def start(change: Project, component: str) -> str:
    """What `--help` of a component prints in the staged context of its image, as COPY lines make it."""
    image = images.stage(component, sources.WorkTree(change.root))
    command = [sys.executable, "-m", f"components.{component}.main", "--help"]
    done = subprocess.run(command, cwd=image.path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_component(change: Project) -> None:
    done = change.run("new_component", "clean_rows")
    assert done.returncode == 0, done.stderr
    lock(change, "clean_rows")


def add_pipeline(change: Project, *edits: tuple[str, str]) -> None:
    """By the recipe: pipelines/inference.py and its test, under another name."""
    for path in ("pipelines/{}.py", "tests/pipelines/test_{}.py"):
        shutil.copy(change.root / path.format("inference"), change.root / path.format("rescoring"))
    change.edit("tests/pipelines/test_rescoring.py", ('"inference"', '"rescoring"'))
    change.edit(
        "pipelines/rescoring.py",
        ('name="inference"', 'name="rescoring"'),
        ("def inference(", "def rescoring("),
    )
    change.edit("pipelines/rescoring.py", *edits)


def test_a_copy_has_the_files_of_git_archive(fresh: Project, tmp_path: Path) -> None:
    """But for those that differ from HEAD, because a change is tested before it is committed."""
    this = Project(ROOT)
    status = this.git("status", "--porcelain", "--no-renames", "--untracked-files=all")
    changed = {line.split(" ")[-1] for line in status.splitlines()}
    this.git("archive", "--output", str(tmp_path / "archive.tar"), "HEAD")
    with tarfile.open(tmp_path / "archive.tar") as archive:
        contents = {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}

    names = contents.keys() - changed
    assert {*fresh.git("ls-files").splitlines()} - changed == names
    assert {name for name in names if (fresh.root / name).read_bytes() != contents[name]} <= DEMO.keys()


def test_a_component_without_a_copy_line_is_red(github: Runner, change: Project) -> None:
    add_component(change)
    change.edit("components/clean_rows/Dockerfile", ("COPY engine/tables engine/tables\n", ""))

    run = pull_request(github, change, f"{RULES} and images")

    assert run.results == RED, run.printed
    assert steps(run) == CHECKS[:4]
    missing = "expected COPY of engine/tables/__init__.py too, main.py imports it"
    assert missing in run.job("checks / tests").step("Test components").printed


def test_a_pipeline_that_does_not_compile_is_red(github: Runner, change: Project) -> None:
    """Whatever its own test says; what it imports and is not there, the check of types finds before."""
    add_pipeline(change, ("        input_uri=input_uri,\n", "        input_urls=input_uri,\n"))
    (change.root / "tests/pipelines/test_rescoring.py").write_text("def test_rescoring() -> None: ...\n")

    run = pull_request(github, change, "rescoring")

    assert run.results == RED, run.printed
    assert steps(run) == CHECKS
    assert "input_urls" in run.job("checks / tests").step("Compile").printed


def add_metric(change: Project, name: str) -> None:
    """By the recipe: the example of the docstring, under this name."""
    path = "components/metrics.py"
    example = ast.get_docstring(ast.parse((change.root / path).read_text())) or ""
    code = textwrap.dedent(
        "\n".join(line for line in example.splitlines() if line.startswith(" ") or not line)
    )
    code = code.strip().replace("within_ten", name).replace("\n\nMETRICS", "\n\n\nMETRICS")
    change.edit(
        path,
        ("import Metric\n\n", "import Floats, RowScores, row_mean\n\n\n"),
        ("METRICS: list[Metric] = []", code),
    )


def test_component_pipeline_and_metric_by_their_recipes_are_green(github: Runner, change: Project) -> None:
    """With the whole suite of a user."""
    add_component(change)
    add_pipeline(change)
    add_metric(change, "within_ten")

    run = pull_request(github, change, "")

    assert run.results == GREEN, run.printed
    assert steps(run) == CHECKS and to_build(run) == ["clean_rows", "compare_models", "monitor_model"]
    assert all(f"components.{component}.main" in start(change, component) for component in to_build(run))
    assert "build/pipelines/rescoring.yaml" in run.job("checks / tests").step("Compile").printed
    plan = run.job("plan").step("Plan the pull request").outputs
    assert (plan["gate"], plan["plumbing"]) == ("local", "false")


def test_a_metric_with_the_name_of_another_is_red(github: Runner, change: Project) -> None:
    add_metric(change, "accuracy")

    run = pull_request(github, change, f"{RULES} and images")

    assert run.results == RED, run.printed
    assert steps(run) == CHECKS
    expected = "components/metrics.py: expected a name that no other metric has, found 'accuracy'"
    assert expected in run.job("checks / tests").step("Compile").printed


def test_bumps_of_an_action_and_of_locks_run_no_suite_of_the_template(
    github: Runner, change: Project
) -> None:
    for file in (change.root / ".github/workflows").glob("*.yml"):
        pinned = r"(actions/checkout)@[0-9a-f]{40} # v[\d.]+"
        file.write_text(re.sub(pinned, rf"\1@{'b' * 40} # v8.0.0", file.read_text()))
    bumped = [*with_newer_pyarrow(change.root)]

    run = pull_request(github, change, RULES)

    assert run.results == GREEN, run.printed
    assert steps(run) == CHECKS and to_build(run) == bumped
    assert run.job("plan").step("Plan the pull request").outputs["plumbing"] == "false"


def test_a_bump_of_one_lock_of_several_is_red(github: Runner, change: Project) -> None:
    bumped = next(with_newer_pyarrow(change.root))

    run = pull_request(github, change, f"{RULES} and locked")

    assert run.results == RED, run.printed
    assert to_build(run) == [bumped]


def with_newer_pyarrow(root: Path) -> Iterator[str]:
    """Bump one component after another, of those that use pyarrow; their names."""
    for file in sorted((root / "components").glob("*/requirements.txt")):
        newer = re.sub(r"(?m)^pyarrow==\d+", "pyarrow==99", text := file.read_text())
        if newer != text:
            file.write_text(newer)
            yield file.parent.name


def test_a_change_of_the_template_runs_all_suites(github: Runner, change: Project) -> None:
    with (change.root / "engine/tables/columns.py").open("a") as file:
        file.write("# mine\n")
    change.commit()

    run = github.run("pr.yml", github.origin.pull_request(change), jobs=["plan"])

    assert run.job("plan").step("Plan the pull request").outputs["plumbing"] == "true"
