"""A metric is one entry: settings, judging, wording, reports and schema know it by that."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from engine.command_line import SettingsError
from engine.judging.verdict_document import judge
from engine.metrics.known_metrics import guardrails_for, metrics_for
from engine.metrics.metric import Metric
from engine.metrics.metrics import METRICS, title_of
from engine.reporting import markdown, terminal
from engine.reporting import verdict_report as report
from engine.settings.settings import parse
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.questions import LATE, answer, probability, question, truth, with_record

SETTINGS = DEMO_SETTINGS.read_text()
GOOD, POOR = probability(), probability(noise=4.0)


def squared_error(label: np.ndarray, prediction: np.ndarray) -> tuple[float, np.ndarray]:
    scores = (label - prediction) ** 2
    return float(scores.mean()), scores - scores.mean()


@pytest.fixture
def odds_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Metric("odds_gap", "Odds' gap", "lower is better", ("binary",), squared_error)
    monkeypatch.setitem(METRICS, "odds_gap", entry)


def test_settings_take_a_new_entry_as_metric_and_guardrail(odds_gap: None) -> None:
    named = SETTINGS.replace("name: roc_auc ", "name: odds_gap ").replace("log_loss: {", "odds_gap: {")

    policy = parse(named, "mlops.yaml").policy("pull_request")

    assert '"metric":"odds_gap"' in policy
    assert '"odds_gap":{"margin":0.01}' in policy


def test_settings_refuse_a_metric_without_an_entry() -> None:
    expected = "a metric of a binary label, found 'odds_gap'; there are roc_auc"
    with pytest.raises(SettingsError, match=expected):
        parse(SETTINGS.replace("name: roc_auc ", "name: odds_gap "), "mlops.yaml")
    with pytest.raises(SettingsError, match="expected a guardrail of a binary label, found 'odds_gap'"):
        parse(SETTINGS.replace("log_loss: {", "odds_gap: {"), "mlops.yaml")


def test_a_new_entry_is_judged_and_shown(odds_gap: None) -> None:
    inputs = question(GOOD, control=POOR, metric="odds_gap", floor=0.3)

    verdict = answer(inputs)

    shown = {"name": "odds_gap", "title": "Odds' gap", "direction": "lower is better"}
    assert (verdict["verdict"], verdict["passed"], verdict["metric"]) == ("BETTER", True, shown)
    assert "Odds' gap is better than the control's" in verdict["reason"]
    assert verdict["models"]["candidate"]["metrics"]["odds_gap"] == pytest.approx(
        verdict["models"]["candidate"]["value"]
    )
    assert "Odds' gap" in terminal.render(verdict, color=False)
    assert "Odds' gap" in markdown.report(verdict)
    assert "Odds&#39; gap" in report.render(*judge(inputs), inputs)["report.html"]


def test_a_new_entry_is_a_guardrail(odds_gap: None) -> None:
    inputs = question(POOR, control=GOOD, guardrails={"odds_gap": {"margin": 0.0}}, margin=1.0)

    verdict = answer(replace(inputs, policy=inputs.policy | {"references": {"control": "not-worse"}}))

    assert not verdict["passed"]
    assert "Guardrail Odds' gap got worse" in verdict["reason"]


def test_a_metric_that_only_guards_is_no_metric() -> None:
    assert metrics_for("binary")[:3] == ["roc_auc", "average_precision", "log_loss"]
    assert guardrails_for("binary") == [*metrics_for("binary"), "calibration_error"]
    assert metrics_for("number")[:3] == ["mae", "rmse", "mape"]
    assert title_of("model_bytes") == "model size"


def test_a_metric_of_decisions_takes_each_model_at_its_own_threshold() -> None:
    thresholds = {"f1": 0.3, "recall_at_precision_75": 0.6}
    guardrails = {"recall_at_precision_75": {"margin": 1.0}}
    inputs = with_record(
        question(GOOD, control=POOR, metric="f1", guardrails=guardrails), "candidate", thresholds=thresholds
    )

    verdict = answer(inputs)

    figures = {name: model["metrics"] for name, model in verdict["models"].items()}
    assert figures["candidate"]["f1"] == pytest.approx(f1_score(LATE, GOOD >= 0.3))
    assert figures["control"]["f1"] == pytest.approx(f1_score(LATE, POOR >= 0.5))
    assert figures["dummy"]["f1"] == pytest.approx(f1_score(LATE, np.ones(len(LATE))))
    assert figures["candidate"]["recall_at_precision_75"] == pytest.approx(recall_score(LATE, GOOD >= 0.6))
    assert "recall_at_precision_90" not in figures["candidate"]


def test_training_gets_the_metrics_that_need_a_threshold() -> None:
    assert '"thresholds"' not in parse(SETTINGS, "mlops.yaml").training_settings()
    named = SETTINGS.replace("name: roc_auc ", "name: f1 ").replace(
        "log_loss: {", "recall_at_precision_90: {"
    )
    assert '"thresholds":["f1","recall_at_precision_90"]' in parse(named, "mlops.yaml").training_settings()


def test_settings_and_wording_load_no_numpy() -> None:
    code = (
        "import sys, engine.settings.settings, engine.reporting.terminal;"
        "from engine.metrics.known_metrics import known_metrics; known_metrics();"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_figure_that_these_labels_do_not_have_is_reported_as_unknown() -> None:
    inputs = replace(question(GOOD, control=POOR, metric="log_loss"), truth=truth(np.zeros(len(GOOD), bool)))

    verdict = answer(inputs)

    assert verdict["verdict"] != "INVALID"
    assert verdict["models"]["candidate"]["metrics"]["roc_auc"] is None
    assert "unknown" in markdown.report(verdict)
