"""The demo tells what its commands left, stops if one turns out otherwise, and draws it on one page."""

import io
import json
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demo.story import page
from demo.story.outcome import Project
from demo.story.performance import compared, performance
from demo.story.story import STORY, Step
from demo.story.telling import Telling, new_project
from engine.command_line import Finding, SettingsError, WorldError
from engine.judging.inputs import Rows
from engine.judging.verdict_document import judge
from engine.metrics.metrics import METRICS
from engine.model_registry.model_registry import ModelRegistry
from engine.reporting import verdict_report as report
from engine.tests.demo_files import DEMO_SETTINGS, put_back
from engine.tests.model_versions import METADATA, model_folder, record_of, verdict_on
from engine.tests.questions import probability, question
from engine.tests.scripts.steps import ROOT

GATE = """
import os, shutil, sys
print("as of", sys.argv[2], "on", os.environ.get("KUBEFLOW_HOST"), "by", os.environ["GIT_AUTHOR_NAME"])
shutil.copytree("judged", "build/gate")
sys.exit({status})
"""
DAY = date(2013, 7, 4)
STEP = Step(
    DAY, "A change", "It is small.", ("git --version", f"python -m scripts.gate --as-of {DAY}"), "BETTER"
)
FIRST, SECOND = "1" * 64, "2" * 64


def project_with_gate(folder: Path, status: int = 0) -> Path:
    """A project whose gate finds at once what it always finds."""
    for each in ("project/scripts", "project/judged", "project/build", "reports", "logs"):
        (folder / each).mkdir(parents=True)
    root = folder / "project"
    shutil.copy(DEMO_SETTINGS, root)
    (root / "scripts/gate.py").write_text(GATE.format(status=status))
    asked = question(probability(), control=probability(noise=4.0), champion=probability(noise=4.0))
    verdict, rows = judge(asked)
    (root / "judged/verdict.json").write_text(json.dumps(verdict))
    (root / "judged/report.html").write_text(report.render(verdict, rows, asked)["report.html"])
    return root


def tell(folder: Path, step: Step = STEP, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    screen = io.StringIO()
    root = project_with_gate(folder, status)
    return Telling(folder, root, [step], screen).tell(), screen.getvalue()


def promoted(root: Path, content: str, trained_until: str, champion: str = "") -> str:
    registry = ModelRegistry((root / ".mlops/models").as_uri(), "flight-delays")
    record = record_of(content) | {"training_window": {"start": None, "end": f"{trained_until}T00:00:00"}}
    verdict = verdict_on(content, champion)
    version = registry.register(model_folder(root, content), record, verdict, METADATA)
    registry.promote(version, champion, verdict)
    return version


def test_a_step_runs_its_commands_and_tells_what_they_left(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KUBEFLOW_HOST", "https://kubeflow.example")

    [outcome], printed = tell(tmp_path)

    verdict = json.loads((tmp_path / "project/judged/verdict.json").read_text())
    assert (outcome["word"], outcome["outcome"], outcome["tone"]) == ("BETTER", "passes", "good")
    assert outcome["reason"] == verdict["reason"]
    assert (outcome["champion"], outcome["moved"]) == ("", False)
    assert [(tmp_path / link["href"]).is_file() for link in outcome["links"]] == [True, True]
    log = (tmp_path / "logs/01.log").read_text()
    assert "$ git --version\ngit version" in log
    assert "as of 2013-07-04 on None by Ada" in log, "the user's own endpoint is left alone"
    assert "[ 1/1] 0:00  2013-07-04  A change" in printed
    assert f"$ python -m scripts.gate --as-of {DAY}\n" in printed
    assert re.search(r"BETTER passes, \d+\.\d s\n +ROC AUC is better than the champion's", printed)


@pytest.mark.parametrize(
    ("change", "status", "kind", "expected"),
    [
        ({"ends": "WORSE"}, 0, Finding, "step 1: expected WORSE, found BETTER"),
        ({}, 1, Finding, "expected exit status 0, found 1; it said last:"),
        ({}, 3, WorldError, "expected exit status 0, found 3; it said last:"),
        ({"status": 1}, 0, Finding, "expected exit status 1, found 0"),
    ],
)
def test_a_step_that_turns_out_otherwise_ends_the_demo(
    tmp_path: Path, change: dict[str, Any], status: int, kind: type[Exception], expected: str
) -> None:
    with pytest.raises(kind) as error:
        tell(tmp_path, Step(**STEP.__dict__ | change), status)
    assert expected in str(error.value)
    assert status == 0 or "as of 2013-07-04" in str(error.value)


def test_a_roll_back_is_read_from_the_ledger(tmp_path: Path) -> None:
    root = project_with_gate(tmp_path)
    first = promoted(root, "first", "2013-04-01")
    second = promoted(root, "second", "2013-06-01", champion=first)
    project = Project(root)
    project.registry.rollback(reason="nobody liked it")

    outcome = project.outcome(STORY[-1])

    assert outcome.word == "ROLLED BACK"
    assert outcome.reason == (
        f"Nobody liked it. From version {second[:12]} back to {first[:12]}, which had passed the gate with"
        " ROC AUC 0.7000."
    )


def test_each_change_can_be_made_to_the_model_that_the_template_comes_with(tmp_path: Path) -> None:
    root = new_project(tmp_path / "demo", ROOT)
    put_back(root)
    changes = [step.change for step in STORY if step.change]
    applied = ["git", "apply", "../changes/weather.patch"]

    assert changes[0] == "weather"
    subprocess.run(applied, cwd=root, check=True)
    for change in changes[1:]:
        subprocess.run(["git", "apply", "--check", f"../changes/{change}.patch"], cwd=root, check=True)
    features = root / "components/build_features/features.py"
    assert "weather_before" in features.read_text()

    features.write_text("")
    with pytest.raises(SettingsError, match=r"found another: error: .* does not apply"):
        Telling(tmp_path / "demo", root, STORY, io.StringIO()).begin(DAY)


def some_rows(days: int) -> Rows:
    """Flights that the second model knows well, and the first hardly."""
    random = np.random.default_rng(3)
    day = np.arange(days).repeat(100)
    label = (random.uniform(size=len(day)) < 0.3).astype(np.float64)
    noise = random.normal(size=(2, len(day)))
    return Rows(
        time=np.datetime64("2013-05-02") + day,
        label=label,
        cluster=day,
        predictions={FIRST: label + 4 * noise[0], SECOND: label + noise[1]},
    )


def year(days: int = 70) -> dict[str, Any]:
    start = date(2013, 5, 2)
    reigns = [(start, FIRST), (start + timedelta(35), SECOND), (start + timedelta(56), FIRST)]
    return compared(some_rows(days), reigns, start + timedelta(days), METRICS["roc_auc"], 0.95)


def test_each_week_is_the_champions_of_that_day() -> None:
    found = year()

    assert [week["version"] for week in found["weeks"]] == [FIRST] * 5 + [SECOND] * 3 + [FIRST] * 2
    assert all(week["champion"] == week["frozen"] for week in found["weeks"] if week["version"] == FIRST)
    assert all(week["apart"]["value"] > 0 for week in found["weeks"] if week["version"] == SECOND)
    days = [(each["start"], each["end"]) for each in found["periods"]]
    assert days == [("2013-05-02", "2013-06-06"), ("2013-06-06", "2013-06-27"), ("2013-06-27", "2013-07-11")]
    since = found["since_replaced"]
    assert since["weeks"] == 3
    assert since["lower"] < since["difference"] == pytest.approx(since["champion"] - since["frozen"])


def test_a_model_that_has_seen_the_rows_is_not_shown(tmp_path: Path) -> None:
    root = project_with_gate(tmp_path)
    version = promoted(root, "late", "2013-06-01")
    with pytest.raises(WorldError, match="expected rows up to 2013-05-02 in its training, found 2013-06-01"):
        performance(Project(root), [(date(2013, 5, 2), version)], date(2013, 7, 1), tmp_path / "scored")


def test_the_page_needs_nothing_else_and_shows_strangers_words_as_text(tmp_path: Path) -> None:
    [outcome], _ = tell(tmp_path)
    hostile = "<script>alert(1)</script>"
    steps = [
        outcome | {"day": "2013-05-02", "moved": True, "champion": FIRST},
        outcome | {"number": 2, "reason": hostile, "commands": [hostile], "change": f"+{hostile}"},
    ]

    shown = page.render({"steps": steps, "seconds": 83.4, "performance": year()})

    assert "<script" not in shown and shown.count("&lt;script&gt;") == 3
    assert "in 2 steps and 1:23 minutes" in shown
    links = re.findall(r'(?:href|src)="([^"]*)"', shown)
    assert all((tmp_path / link).is_file() or link.startswith("#step-") for link in links)
    assert shown.count('class="move"') == 4 - 2, "one promotion, in two pictures"
    assert shown.count("<rect") == 3 + 3 + 1, "each model's months, and those in which they are two"
    assert "2013-07-11" not in shown


def test_a_story_of_a_day_has_no_picture(tmp_path: Path) -> None:
    [outcome], _ = tell(tmp_path)
    shown = page.render({"steps": [outcome], "seconds": 3.0, "performance": None})
    assert "<svg" not in shown and "<b>BETTER</b> <span>passes</span>" in shown
