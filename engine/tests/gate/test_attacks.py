"""A change that attacks its judge in the three places of a pull request, and gets what an honest run says."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from engine.tests.gate.test_past_outcomes import follow_the_page, put_mean_of_the_same_day
from engine.tests.project import Project
from engine.tests.workflows.hostile import add_leaks
from engine.tests.workflows.users import FEATURES, SAME_MODEL

SCORING = "engine/scoring/scoring.py"
REWRITE = """\
import os
from pathlib import Path


def _attack() -> None:
    for folder in Path(__file__).resolve().parents:
        for judge in [*folder.glob("compare_models*/**/*.py"), *folder.glob("engine/judging/*.py")]:
            judge.write_text("print('BETTER')")
    for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT"):
        if os.environ.get(name):
            Path(os.environ[name]).write_text("gate=none")


_attack()
"""
READ_LABELS = """\
    import pyarrow.parquet as pq

    seen = pq.read_table(features)
    answer = seen["late"].fill_null(0).cast(pa.float64()).to_numpy()
    if answer.any():
        prediction = answer
"""


@pytest.fixture
def change(project: Project) -> Project:
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    return Project(project.root / "candidate")


def judged(project: Project, change: Project, elsewhere: Path) -> tuple[int, dict[str, Any]]:
    """Exit status and verdict; the change's code runs in a copy of its place, as on another machine."""
    change.commit()
    done = project.run("prepare_candidate")
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.move(project.root / "build/place", elsewhere)
    place = Project(elsewhere)
    place.run("run_candidate", GITHUB_ENV=str(elsewhere / "env"))
    return project.gate("--candidate", "candidate", "--handover", str(elsewhere / "handover.tar"))


def test_code_that_rewrites_judges_finds_none(project: Project, change: Project, tmp_path: Path) -> None:
    change.edit(FEATURES, ("from typing import Any\n", f"from typing import Any\n{REWRITE}"))
    before = (project.root / "engine/judging/decision.py").read_bytes()

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")
    assert (project.root / "engine/judging/decision.py").read_bytes() == before


def test_a_model_that_reads_labels_finds_none(project: Project, change: Project, tmp_path: Path) -> None:
    change.edit(SCORING, ("    milliseconds = (time", f"{READ_LABELS}    milliseconds = (time"))

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")


def test_features_of_outcomes_are_worth_nothing(project: Project, change: Project, tmp_path: Path) -> None:
    """Not even all of them together."""
    add_leaks(change)

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["passed"]) == (1, False)
    assert verdict["verdict"] in ("NON_INFERIOR", "WORSE", "INCONCLUSIVE")


def test_a_leak_of_a_history_that_rolls_is_found_in_what_is_handed_over(
    project: Project, tmp_path: Path
) -> None:
    follow_the_page(project)
    project.git("worktree", "add", "--quiet", "--detach", "candidate")
    change = Project(project.root / "candidate")
    put_mean_of_the_same_day(change)

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["verdict"]) == (1, "INVALID")
    assert ("later_outcomes", "carrier_delay") in [
        (found["check"], found["column"]) for found in verdict["findings"]
    ]


def test_a_change_of_what_is_hidden_counts_after_the_merge(
    project: Project, change: Project, tmp_path: Path
) -> None:
    change.edit("mlops.yaml", ("dep_delay: after_arrival", "dep_delay: before_departure"))
    change.edit(FEATURES, SAME_MODEL)

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["verdict"]) == (0, "IDENTICAL")
    assert "mlops.yaml: data.tables.flights.known" in verdict["provenance"]["counts_after_the_merge"]


def test_tables_of_a_change_are_neither_loaded_nor_judged_by(
    project: Project, change: Project, tmp_path: Path
) -> None:
    """A second name for the rows' own table would have handed over its outcomes."""
    weather = "    weather: {uri"
    twin = "    flights2: {uri: demo/flights/flights, time: scheduled_departure}\n"
    change.edit("mlops.yaml", (weather, f"{twin}{weather}"), ("training_days: 194", "training_days: 1"))
    change.edit(FEATURES, SAME_MODEL)

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["verdict"]) == (1, "IDENTICAL")
    assert "A person has to accept this change" in verdict["reason"]
    later = verdict["provenance"]["counts_after_the_merge"]
    assert {"mlops.yaml: data.tables", "mlops.yaml: windows.training_days"} <= {*later}
    with tarfile.open(tmp_path / "elsewhere/rows.tar") as archive:
        assert not [name for name in archive.getnames() if "flights2" in name]


@pytest.mark.parametrize("handed", ["nothing", "no tar"])
def test_an_invalid_handover_promotes_nothing(
    project: Project, change: Project, tmp_path: Path, handed: str
) -> None:
    change.edit(FEATURES, SAME_MODEL)
    change.commit()
    file = tmp_path / "handover.tar"
    if handed == "no tar":
        file.write_bytes(b"BETTER" * 1000)

    ended = project.run("gate", "--candidate", "candidate", "--handover", str(file))

    assert ended.returncode != 0 and "passes" not in ended.stdout.replace("does not pass", "")
