"""pr.yml and a hostile pull request: nothing that its code does changes what is judged, now or next time."""

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.github import untrusted_verdict
from engine.tests.docker_registry import DockerRegistry
from engine.tests.project import Project
from engine.tests.standins.github_api import running_github_api
from engine.tests.workflows.act import TOKEN, Run, Runner
from engine.tests.workflows.granted import granted
from engine.tests.workflows.hostile import attack
from engine.tests.workflows.origin import Event
from engine.tests.workflows.users import publish_images

JOBS = ["plan", "checks", "candidate", "gate", "ci-passed"]
SECRETS = {"AWS_SECRET_ACCESS_KEY": "the-key-of-the-store", "DOCKERHUB_TOKEN": "the-token-of-the-images"}
OUTCOMES = {"arr_delay", "dep_delay", "air_time", "dep_time", "arr_time"}


@pytest.fixture(scope="module")
def github(
    users: Project, on_github: Callable[..., Runner], docker_registry: DockerRegistry, tmp_path_factory
) -> Runner:
    project = users.copied_to(tmp_path_factory.mktemp("base") / "project")
    publish_images(project, docker_registry)
    return replace(on_github(project), secrets=SECRETS)


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "loot"


@pytest.fixture(scope="module")
def event(github: Runner, loot: Path) -> Event:
    change = github.origin.project.copied_to(loot.parent / "change")
    attack(change, loot)
    change.commit()
    return github.origin.pull_request(change)


@pytest.fixture(scope="module")
def attacked(github: Runner, event: Event) -> Run:
    """In act, gate starts after checks, which has replaced what it could by then."""
    with running_github_api() as api:
        api.add_pull(12, event.payload["pull_request"]["head"]["sha"])
        return github.run("pr.yml", event, jobs=JOBS, given={"build": {}}, **granted(api, "pr/gate"))


def test_leaks_labels_and_rewritten_judges_make_no_model_better(attacked: Run) -> None:
    passed = dict.fromkeys(("plan", "checks / tests", "candidate", "build"), "success")
    assert attacked.results == passed | dict.fromkeys(("gate", "ci-passed"), "failure"), attacked.printed
    verdict = json.loads((attacked.artifacts / "verdict/files/verdict.json").read_text())
    assert verdict["verdict"] in ("NON_INFERIOR", "WORSE", "INCONCLUSIVE") and not verdict["passed"]


def test_no_secret_is_in_reach_of_the_code_of_a_change(attacked: Run, loot: Path) -> None:
    for place in ("features", "build", "checks"):
        seen = (loot / place).read_text()
        assert "PATH=" in seen
        assert [secret for secret in (TOKEN, *SECRETS.values()) if secret in seen] == []


def test_the_verdict_that_the_gate_announced_is_the_one_that_is_believed(attacked: Run) -> None:
    folder = attacked.artifacts / "verdict/files"
    (announced,) = re.findall(r"pr/gate: .*::notice title=verdict::(sha256:\w+)", attacked.printed)
    assert untrusted_verdict.read(folder, announced).verdict["passed"] is False
    assert untrusted_verdict.read(attacked.artifacts / "digest-evil/files", announced).verdict is None


def test_the_next_push_restores_nothing_of_what_checks_saved(
    github: Runner, event: Event, attacked: Run
) -> None:
    """Neither did gate, after checks; what restores an environment gets the poisoned one."""
    assert (github.origin.folder / "caches" / event.ref / ".venv/bin/python").is_file()

    run = github.run("pr.yml", event, jobs=["plan", "checks"])

    assert run.results["plan"] == "success" and "poisoned" in run.printed
    assert run.job("plan").step("Plan the pull request").outputs["gate"] == "local"
    judges = [*run.job("plan").steps.values(), *attacked.job("gate").steps.values()]
    assert all("poisoned" not in step.printed for step in judges)


def test_a_place_that_another_job_replaced_is_not_run(github: Runner, event: Event) -> None:
    files = github.origin.folder / "artifacts/9001/place/files"
    (files / "scripts/ci").mkdir(parents=True)
    (files / "scripts/ci/run_candidate.py").write_text("print('forged')")
    (files.parent / "artifact.json").write_text(json.dumps({"id": 67, "name": "place", "archive": True}))
    numbered = replace(github, numbers=count(9001))

    run = numbered.run("pr.yml", event, jobs=["candidate"], given={"plan": {"place": "66"}})

    assert run.results == {"plan": "success", "candidate": "failure"}, run.printed
    assert run.job("candidate").step("Get the place").result == "failure" and "forged" not in run.printed


def test_no_artifact_has_an_outcome_of_evaluation(attacked: Run) -> None:
    found = [name for name, table in tables_of(attacked.artifacts) if outcomes_of(name, table)]
    assert found == []


def tables_of(artifacts: Path) -> Iterator[tuple[str, pa.Table]]:
    """Every table of every artifact, in its tars too, by its path."""
    for file in artifacts.rglob("*"):
        if file.suffix == ".parquet":
            yield str(file), pq.read_table(file)
        if file.suffix == ".tar":
            with tarfile.open(file) as archive:
                for name in (name for name in archive.getnames() if name.endswith(".parquet")):
                    yield f"{file}/{name}", pq.read_table(io.BytesIO(archive.extractfile(name).read()))


def outcomes_of(name: str, table: pa.Table) -> set[str]:
    """The columns of evaluation rows that have what is known later: outcomes and labels."""
    columns = (OUTCOMES | {"late"}) & {*table.column_names} if "evaluation" in name else set()
    return {column for column in columns if table[column].null_count < table.num_rows}
