"""pr.yml and a hostile pull request: nothing that its code does changes what is judged, now or next time."""

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pandas as pd
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


def test_variables_that_a_change_sets_reach_its_own_jobs_alone(attacked: Run, loot: Path) -> None:
    """It wrote the files that GITHUB_ENV, GITHUB_PATH and GITHUB_OUTPUT of its parents name."""
    assert attacked.job("candidate").step("Run the change's code").outputs == {"gate": "none"}
    assert attacked.job("plan").step("Plan the pull request").outputs["gate"] == "local"
    obeyed = (loot / "obeyed").read_text()
    assert {line.partition(":")[0] for line in obeyed.splitlines()} == {"candidate", "tests"}
    assert str(loot / "programs/python") in obeyed


def test_only_the_verdict_that_the_gate_announced_is_trusted(attacked: Run) -> None:
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


def test_no_artifact_has_an_outcome_of_evaluation(attacked: Run, github: Runner) -> None:
    """Whatever the column is called; what the candidate handed over has labels that it made up."""
    verdict = json.loads((attacked.artifacts / "verdict/files/verdict.json").read_text())
    truth = outcomes_since(verdict["rows"]["start"], github.origin.project.root / "demo/flights/flights")
    tables = {name: table.to_pandas() for name, table in tables_of(attacked.artifacts)}

    assert outcomes_of(truth.add_prefix("x_").rename(columns={"x_flight_id": "flight_id"}), truth) == {
        *("x_arr_delay", "x_dep_delay", "x_air_time", "x_late")
    }
    assert {name: found for name, table in tables.items() if (found := outcomes_of(table, truth))} == {}
    (forged,) = [table for name, table in tables.items() if name.endswith("handover.tar/evaluation.parquet")]
    assert set(forged["late"]) == {0, 1}


def outcomes_since(start: str, folder: Path) -> pd.DataFrame:
    """What is known later of the flights from `start` on."""
    flights = pd.read_parquet(folder)
    flights = flights[flights["scheduled_departure"] >= start]
    late = (flights["arr_delay"] > 15).where(flights["arr_delay"].notna()).astype(float)
    return flights[["flight_id", "arr_delay", "dep_delay", "air_time"]].assign(late=late)


def tables_of(artifacts: Path) -> Iterator[tuple[str, pa.Table]]:
    """Every table of every artifact, in its tars too, by its path."""
    for file in filter(Path.is_file, artifacts.rglob("*")):
        contents = {str(file): file.read_bytes()}
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                contents = {f"{file}/{each.name}": archive.extractfile(each).read() for each in archive}
        for name, content in contents.items():
            if content.startswith(b"PAR1"):
                yield name, pq.read_table(io.BytesIO(content))


def outcomes_of(table: pd.DataFrame, truth: pd.DataFrame) -> set[str]:
    """The columns of evaluation rows that say what is known later of them, in 99 of 100 rows."""
    if "flight_id" not in table:
        return set()
    rows = table.merge(truth, on="flight_id", suffixes=("", "_of_truth"))
    outcomes = [name if name not in table else f"{name}_of_truth" for name in truth if name != "flight_id"]
    numbers = table.drop(columns="flight_id").select_dtypes(["number", "bool"])
    return {name for name in numbers for outcome in outcomes if agree(rows[name], rows[outcome])}


def agree(values: pd.Series, outcomes: pd.Series) -> bool:
    both = values.notna() & outcomes.notna()
    return bool(both.any()) and bool((values[both] == outcomes[both]).mean() > 0.99)
