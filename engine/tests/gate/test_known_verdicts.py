"""A verdict that needs no run shows the figures that are known without one."""

import json
from pathlib import Path

from engine.documents.verdicts import read_verdict
from engine.gate import judged_run, known_verdicts
from engine.reporting import terminal
from engine.tests.policies import POLICY
from engine.tests.questions import model, probability, version_of
from engine.tests.reporting.test_report import Tags

ASKED = {"policy": json.dumps(POLICY), "provenance": "{}"}
CHAMPION = version_of(model(probability(), version="cd" * 32))


def test_an_unchanged_model_shows_the_figures_of_the_champion(tmp_path: Path) -> None:
    verdict = known_verdicts.unchanged(ASKED, CHAMPION, tmp_path)

    assert read_verdict(tmp_path / "verdict.json") == verdict
    assert (verdict["verdict"], verdict["passed"], verdict["models"]) == ("IDENTICAL", True, {})
    assert verdict["registered"]["version"] == "cd" * 32
    assert verdict["registered"]["metrics"] == {"roc_auc": 0.7}
    text = " ".join(Tags((tmp_path / "report.html").read_text()).text.split())
    assert "ROC AUC0.7000" in text
    assert "was registered on 2013-08-02 with these figures, on 3 rows in 1 days" in text
    assert "It was trained on 3 rows, 2013-01-01 to 2013-08-01." in text
    lines = terminal.render(verdict, color=False).splitlines()
    assert f"in production {'cd' * 6}: ROC AUC 0.7000" in lines
    assert "on 3 rows in 1 days, 2013-08-01 to 2013-08-01" in lines


def test_the_figures_are_a_table_in_markdown(tmp_path: Path) -> None:
    judged = CHAMPION["verdict"] | {"standard_error": 0.0123}
    champion = CHAMPION | {"metrics": {"roc_auc": 0.7, "log_loss": None}, "verdict": judged}

    known_verdicts.unchanged(ASKED, champion, tmp_path)

    shown = (tmp_path / "report.md").read_text()
    assert "| ROC AUC | log loss |\n|--:|--:|\n| 0.7000 | unknown |\n" in shown
    assert "standard error of ROC AUC 0.0123." in shown


def test_a_champion_that_was_accepted_without_rows_has_none_to_show(tmp_path: Path) -> None:
    champion = CHAMPION | {"verdict": CHAMPION["verdict"] | {"rows": None}}

    verdict = known_verdicts.unchanged(ASKED, champion, tmp_path)

    assert read_verdict(tmp_path / "verdict.json") == verdict
    assert "with these\n  figures. It was trained" in (tmp_path / "report.html").read_text()
    assert "ROC AUC 0.7000" in terminal.render(verdict, color=False)


def test_a_verdict_from_a_store_comes_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """As the one of a training in a monitoring run on a cluster, which has no folder here."""
    (tmp_path / "store").mkdir()
    verdict = known_verdicts.unchanged(ASKED, CHAMPION, tmp_path / "store")
    results = tmp_path / "monitor/training"
    assert judged_run.read_verdict((tmp_path / "none").as_uri(), results) is None
    assert judged_run.read_verdict((tmp_path / "store").as_uri(), results) == verdict
    assert sorted(file.name for file in results.iterdir()) == sorted(judged_run.DOCUMENTS)
