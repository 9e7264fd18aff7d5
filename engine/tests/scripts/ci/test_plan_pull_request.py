"""Tests of scripts/ci/plan_pull_request.py: what runs where is decided by what changed and what works."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.gate import released_files
from engine.gate.released_files import hash_of
from engine.images.images import copied_paths, name_all
from engine.sources import File, GitIndex
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.docker_registry import DockerRegistry
from engine.tests.scripts.steps import ROOT, Step
from scripts.ci.plan_pull_request import decide_gate

MODEL = "components/train_model/main.py"
PULL_REQUEST = {
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_REPOSITORY": "you/flights",
    "GITHUB_ACTIONS": "true",
}
Plan = Callable[..., Step]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Plan a pull request that writes `files`, in a checkout of its base; `repository` is its images'."""
    root = tmp_path / "checkout"
    root.mkdir()
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")

    def commit(folder: Path) -> None:
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "A step"], cwd=folder, check=True)

    def run(
        *files: str, repository: str = "", replaced: tuple[str, str] = ("", ""), **variables: str
    ) -> Step:
        dockerfile = root / "components/train_model/Dockerfile"
        dockerfile.parent.mkdir(parents=True, exist_ok=True)
        dockerfile.write_text(f"FROM python@sha256:{'0' * 64}\nUSER 1000\n")
        settings = DEMO_SETTINGS.read_text().replace(*replaced)
        if repository:
            settings = settings.partition("\nimages:")[0] + f"\nimages: {{repository: {repository}}}\n"
        (root / "mlops.yaml").write_text(settings)
        subprocess.run([*git, "init", "--quiet"], cwd=root, check=True)
        commit(root)
        subprocess.run([*git, "worktree", "add", "--quiet", "candidate"], cwd=root, check=True)
        for name in files:
            path = root / "candidate" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("changed")
        commit(root / "candidate")
        return Step(root, "plan_pull_request", **PULL_REQUEST | variables)

    return run


def decided(done: Step) -> tuple[str, str, str]:
    assert done.status == 0, done.error
    return done.outputs["gate"], done.outputs["push"], done.outputs["plumbing"]


def test_with_nothing_set_the_gate_is_local_as_in_a_fork(plan: Plan) -> None:
    done = plan(MODEL, "pipelines/`x`|<b>.py")
    assert decided(done) == ("local", "false", "false")
    assert done.outputs["number"] == "12" and "no endpoint is set" in done.outputs["reason"]
    assert "| history |" not in done.printed
    assert "| gate | local | no endpoint is set" in done.printed and "::notice" not in done.printed
    assert done.summary == done.printed
    assert "What judges and counts after the merge: `pipelines/ˋxˋ\\|<b>.py`" in done.summary


def test_fork_is_planned_without_outcomes_of_evaluation_rows(plan: Plan, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"head": {"repo": null}}, "repository": {"full_name": "you/flights"}}')
    rolls = ("evaluation_days: 49\n", "evaluation_days: 49\n  history: rolling\n")
    done = plan(MODEL, replaced=rolls, GITHUB_EVENT_PATH=str(event))
    assert "| history | window-start | mlops.yaml says rolling, but a fork's code gets" in done.summary


def test_an_incomplete_endpoint_gates_locally_and_is_reported(plan: Plan) -> None:
    """As for Dependabot, whose jobs get variables and no secrets."""
    done = plan(MODEL, KUBEFLOW_HOST="https://kfp.example", repository="docker.io/you/m")
    assert decided(done) == ("local", "false", "false")
    missing = "missing: MODEL_REGISTRY_URI, RESULTS_URI"
    assert f"KUBEFLOW_HOST set, and {missing}" in done.outputs["reason"]
    [notice] = [line for line in done.printed.splitlines() if line.startswith("::notice::")]
    assert missing in notice


@pytest.fixture
def works(endpoint: str, tmp_path: Path) -> dict[str, str]:
    return {"KUBEFLOW_HOST": endpoint, "MODEL_REGISTRY_URI": (tmp_path / "models").as_uri()}


def test_images_of_the_base_that_are_not_pushed_yet_are_reported(
    plan: Plan, works: dict[str, str], docker_registry: DockerRegistry
) -> None:
    done = plan(MODEL, repository=docker_registry.new_repository(), **works)
    assert decided(done) == ("local", "false", "false")
    assert "not pushed yet: train_model" in done.outputs["reason"]
    assert "::notice::The gate runs on the runner: the images of the base" in done.printed


def test_all_that_is_needed_works_so_the_gate_is_on_the_endpoint(
    plan: Plan, works: dict[str, str], docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    repository = docker_registry.new_repository()
    plan(MODEL, repository=repository)
    (image,) = name_all(GitIndex(tmp_path / "checkout"), repository).values()
    docker_registry.push(repository, image.tag)
    done = Step(tmp_path / "checkout", "plan_pull_request", **PULL_REQUEST | works)
    assert decided(done) == ("endpoint", "false", "false")


def test_an_endpoint_that_refuses_is_an_error_and_never_gates_locally(
    plan: Plan, works: dict[str, str], endpoint: str, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    models = tmp_path / "models/models/flight-delays"
    models.mkdir(parents=True)
    (models / "champion.json").write_text("{}")
    done = plan(MODEL, repository=docker_registry.new_repository(), **works)
    assert (done.status, len(done.error.splitlines()), done.outputs) == (3, 1, {})
    assert "champion.json" in done.error

    elsewhere = works | {"KUBEFLOW_HOST": f"{endpoint}/no-such-path"}
    done = Step(tmp_path / "checkout", "plan_pull_request", **PULL_REQUEST | elsewhere)
    assert (done.status, len(done.error.splitlines()), done.outputs) == (3, 1, {})
    assert "no-such-path" in done.error


@pytest.mark.parametrize(
    ("paths", "gate"),
    [
        ([], "none"),
        (["README.md", "docs/verdict.png", "demo/flights/README.md", "LICENSE"], "none"),
        (["tests/components/test_load_data.py"], "none"),
        (["README.md", "mlops.yaml"], "local"),
        (["components/build_features/words.md"], "local"),
        (["engine/reporting/templates/report.md"], "local"),
        (["demo/flights/flights/1.parquet"], "local"),
        (["pipelines/evaluation.py"], "local"),
        ([".github/workflows/pr.yml"], "local"),
        (["CODEOWNERS"], "local"),
        (["requirements.txt"], "local"),
        (["a-new-folder/x"], "local"),
    ],
)
def test_only_what_nothing_is_made_of_needs_no_gate(paths: list[str], gate: str, monkeypatch) -> None:
    for name in ("KUBEFLOW_HOST", "MODEL_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    assert decide_gate(paths, copied_paths(GitIndex(ROOT)), ROOT, None).value == gate


@pytest.mark.parametrize(
    ("path", "plumbing"),
    [
        ("scripts/gate.py", "true"),
        ("engine/tables/columns.py", "true"),
        (".github/actions/set-up/action.yml", "true"),
        ("engine/tests/scripts/test_gate.py", "true"),
        ("engine/tests/fixtures.py", "true"),
        ("Makefile", "true"),
        (".github/release.sha256", "true"),
        ("pyproject.toml", "true"),
        ("requirements.txt", "true"),
        ("requirements-dev.txt", "true"),
        (".github/CODEOWNERS", "false"),
        ("tests/components/test_load_data.py", "false"),
        ("components/train_model/main.py", "false"),
        ("components/train_model/requirements.txt", "false"),
        ("mlops.yaml", "false"),
        ("docs/scripts/x.py", "false"),
    ],
)
def test_all_suites_run_if_a_file_of_the_template_changed(plan: Plan, path: str, plumbing: str) -> None:
    assert plan("README.md", path).outputs["plumbing"] == plumbing


def test_a_file_as_the_release_recorded_it_needs_no_suites(plan: Plan, tmp_path: Path) -> None:
    """The copy had edited it, and this change takes the edit back."""
    released = {"scripts/gate.py": hash_of("scripts/gate.py", File(b"changed", False))}
    record = tmp_path / "checkout" / released_files.PATH
    record.parent.mkdir()
    record.write_text(released_files.text(released))
    assert plan("scripts/gate.py").outputs["plumbing"] == "false"


def test_a_merge_group_is_planned_as_its_pull_request(plan: Plan) -> None:
    done = plan(MODEL, GITHUB_REF=f"refs/heads/gh-readonly-queue/main/pr-34-{'a' * 40}")
    assert (done.outputs["number"], done.outputs["gate"]) == ("34", "local")
