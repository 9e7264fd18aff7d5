"""A change that attacks its judge in the three places of a pull request, and gets what an honest run says."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from engine.tests.project import Project
from engine.tests.workflows.users import FEATURES, SAME_MODEL

CARRIER = '"carrier": flights["carrier"]'
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


LEAKS = {
    "mean of the day": 'flights.groupby([departure.date, "origin"])["arr_delay"].transform("mean")',
    "departure delay": 'flights["dep_delay"].astype(float)',
    "time in the air": 'flights["air_time"].astype(float) - flights["distance"] / 7',
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_feature_of_outcomes_is_worth_nothing(
    project: Project, change: Project, tmp_path: Path, leak: str
) -> None:
    change.edit(FEATURES, (CARRIER, f'"leak": {LEAKS[leak]},\n            {CARRIER}'))
    column = "    carrier: {type: category, known: before_departure}\n"
    change.edit("mlops.yaml", (column, f"{column}    leak: {{type: number, known: before_departure}}\n"))

    status, verdict = judged(project, change, tmp_path / "elsewhere")

    assert (status, verdict["passed"]) == (1, False)
    assert verdict["verdict"] in ("NON_INFERIOR", "WORSE", "INCONCLUSIVE")


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
def test_what_is_no_handover_passes_nothing(
    project: Project, change: Project, tmp_path: Path, handed: str
) -> None:
    change.edit(FEATURES, SAME_MODEL)
    change.commit()
    file = tmp_path / "handover.tar"
    if handed == "no tar":
        file.write_bytes(b"BETTER" * 1000)

    ended = project.run("gate", "--candidate", "candidate", "--handover", str(file))

    assert ended.returncode != 0 and "passes" not in ended.stdout.replace("does not pass", "")
