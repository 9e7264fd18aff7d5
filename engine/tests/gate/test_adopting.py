"""docs/adopting.md, followed to the letter: another data set, a number to predict, other clusters."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.documents.verdicts import read_verdict
from engine.model_registry.model_registry import ModelRegistry
from engine.predictions.predictions import Predictions
from engine.tests.project import ELSEWHERE, ROOT, Project, comparison

PAGE = ROOT / "docs/adopting.md"
MODEL = "disease-progression"
BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)


@pytest.fixture
def followed(project: Project) -> list[str]:
    """What each block of commands printed; files and changes between them are made as described."""
    give_this_environment(project)
    printed = []
    for block in BLOCK.finditer(PAGE.read_text()):
        match block["kind"]:
            case "bash":
                printed.append(shell(project, block["text"]))
            case "diff":
                subprocess.run(["git", "apply"], input=block["text"], text=True, cwd=project.root, check=True)
            case _:
                (project.root / block["path"]).write_text(block["text"])
    return printed


def give_this_environment(project: Project) -> None:
    """A .venv that make takes for the one that it made."""
    (project.root / ".venv").mkdir()
    for each in Path(sys.prefix).iterdir():
        if not each.name.startswith("installed"):
            (project.root / ".venv" / each.name).symlink_to(each)
    (project.root / ".venv/installed").touch()


def shell(project: Project, commands: str) -> str:
    person = {
        f"GIT_{role}_{what}": "ada@x.example"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    done = subprocess.run(
        ["bash", "-euxc", commands],
        cwd=project.root,
        env=inherited | person,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_adopting_by_the_page_gates_another_data_set(followed: list[str], project: Project) -> None:
    *_, first, _, second, watched = followed
    assert "There is no champion yet: MAE" in first
    assert second.count("against the champion: BETTER") == 2, "the gate and the promotion"

    verdict = read_verdict(project.root / "build/gate/verdict.json")
    assert verdict["provenance"]["model"] == MODEL
    assert (verdict["rows"]["cluster"], verdict["metric"]["name"]) == ("age_group", "mae")
    assert comparison(verdict, "champion")["serial_correlation"] is None
    report = (project.root / "build/gate/report.html").read_text()
    assert "prediction minus label" in report and "ROC" not in report

    registry = ModelRegistry((project.root / ".mlops/models").as_uri(), MODEL)
    champion = registry.champion()
    assert champion["model_sha256"] == verdict["models"]["candidate"]["model_sha256"]
    kept = Predictions((project.root / ".mlops/predictions").as_uri(), MODEL)
    manifest = kept.manifest("2004-02-11")
    assert (manifest["model_version"], manifest["rows"]["predicted"]) == (champion["version"], 30)
    assert "30 of 30 rows predicted" in watched
    decision = json.loads((project.root / "build/monitor/decision.json").read_text())
    assert decision["decision"] == "QUIET"
    assert "bp" in [feature["name"] for feature in decision["drift"]["features"]]

    add_own_metric(project)
    tested = "tests/components/test_build_features.py engine/tests/settings/test_settings.py"
    tested += " engine/tests/metrics engine/tests/doctor/test_broken_installation.py"
    shell(project, f".venv/bin/python -m pytest -q -p no:cacheprovider {tested}")
    ours = "data/patients components/build_features/features.py"
    shell(project, f".venv/bin/ruff check {ours}\n.venv/bin/ruff format --diff {ours}")


def add_own_metric(project: Project) -> None:
    """All suites run in a copy too, when its root locks change or the template is updated."""
    path = project.root / "components/metrics.py"
    path.write_text(
        "from engine.metrics.metric import Floats, RowScores, row_mean\n\n\n"
        "def within_ten(label: Floats, prediction: Floats) -> RowScores:\n"
        "    return abs(label - prediction) <= 10\n\n\n"
        'METRICS = [row_mean(within_ten, "higher is better", ["number", "binary"])]\n'
    )
