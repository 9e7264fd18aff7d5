"""What goes to the place where a change's code runs: what it needs, no answer, and nothing that judges."""

import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.tests.project import Project
from engine.tests.workflows.users import FEATURES, SAME_MODEL


@pytest.fixture(scope="module")
def change(fresh: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project, its change checked out in the folder candidate."""
    project = fresh.copied_to(tmp_path_factory.mktemp("change") / "project")
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    candidate = Project(project.root / "candidate")
    candidate.edit(FEATURES, SAME_MODEL)
    candidate.commit()
    return project


@pytest.fixture(scope="module")
def place(change: Project) -> Path:
    done = change.run("prepare_candidate")
    assert done.returncode == 0, done.stdout + done.stderr
    return change.root / "build/place"


def test_no_answer_leaves_the_judge(place: Path, tmp_path: Path) -> None:
    with tarfile.open(place / "rows.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    rows = pq.read_table(tmp_path / "evaluation/flights.parquet")
    assert rows.num_rows > 0
    for column in ("arr_delay", "dep_delay", "air_time"):
        assert rows[column].null_count == rows.num_rows


def test_no_code_that_judges_is_in_it(place: Path) -> None:
    files = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    own = {name for name in files if not name.startswith((".mlops/images/", "local_kfp/"))}
    assert {name.partition("/")[0] for name in own} == {
        "engine", "requirements.txt", "rows.tar", "run", "scripts",
    }  # fmt: skip
    assert not [name for name in files if "judging" in name or "compare_models" in name]
    staged = {path.name.rpartition("-")[0] for path in (place / ".mlops/images").iterdir()}
    assert staged == {"build_features", "train_model", "score_model", "hand_over"}


def test_a_handover_is_judged_as_the_same_model(change: Project, place: Path, tmp_path: Path) -> None:
    assert Project(place).run("run_candidate").returncode == 0
    handover = str(place / "handover.tar")

    status, verdict = change.gate("--candidate", "candidate", "--handover", handover)

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")
    assert json.loads((place / "run/run.json").read_text())["parameters"]["handover_uri"]


def test_a_change_of_nothing_needs_no_place(fresh: Project, tmp_path: Path) -> None:
    project = fresh.copied_to(tmp_path / "project")
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    done = project.run("prepare_candidate", GITHUB_OUTPUT=str(tmp_path / "outputs"))
    assert done.returncode == 0 and (tmp_path / "outputs").read_text() == "place=\n"
    assert not (project.root / "build/place").exists()


@pytest.mark.parametrize(("source", "until"), [("she/flights", "start"), ("you/flights", "end")])
def test_fork_gets_no_outcomes_of_evaluation_rows(
    fresh: Project, tmp_path: Path, source: str, until: str
) -> None:
    project = fresh.copied_to(tmp_path / "project")
    time = "      time: scheduled_departure\n"
    rolls = ("  evaluation_days: 49\n", "  evaluation_days: 49\n  history: rolling\n")
    project.edit("mlops.yaml", (time, f"{time}      history_days: 2\n"), rolls)
    project.commit()
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    Project(project.root / "candidate").edit(FEATURES, SAME_MODEL)
    Project(project.root / "candidate").commit()
    event = {"pull_request": {"head": {"repo": {"full_name": source}}}}
    (tmp_path / "event.json").write_text(json.dumps(event | {"repository": {"full_name": "you/flights"}}))

    done = project.run("prepare_candidate", GITHUB_EVENT_PATH=str(tmp_path / "event.json"))

    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(project.root / "build/place/rows.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    snapshot = json.loads((tmp_path / "evaluation/snapshot.json").read_text())
    assert snapshot["tables"]["flights_history"]["known_before"] == snapshot[until]
    known = pq.read_table(tmp_path / "evaluation/flights_history.parquet")["known_at"].to_pylist()
    assert max(known).isoformat() < snapshot[until]


def test_private_rows_are_not_prepared_in_a_public_repository(fresh: Project, tmp_path: Path) -> None:
    project = fresh.copied_to(tmp_path / "project")
    project.edit("mlops.yaml", ("uri: demo/flights/weather", "uri: s3://bucket/weather"))
    project.commit()
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    candidate = Project(project.root / "candidate")
    candidate.edit(FEATURES, SAME_MODEL)
    candidate.commit()
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"private": false}}')

    done = project.run("prepare_candidate", GITHUB_EVENT_PATH=str(event))

    assert done.returncode == 2
    assert "data.tables.weather: expected rows that anyone may read, found s3://bucket/weather" in done.stderr
    assert not (project.root / "build/place").exists()
