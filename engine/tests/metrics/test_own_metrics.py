"""The user's own metrics: a function of each row, judged as the template's are, and refused in one line."""

import ast
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import components.metrics
from engine.command_line import SettingsError
from engine.judging import statistics
from engine.metrics.known_metrics import known_metrics
from engine.metrics.metric import row_mean
from engine.reporting import markdown, terminal
from engine.settings.settings import parse
from engine.tests.demo_files import DEMO_METRICS
from engine.tests.metrics.test_metrics import GOOD, POOR, SETTINGS
from engine.tests.questions import answer, question

Rows = np.ndarray


def near_misses(label: Rows, prediction: Rows) -> Rows:
    return abs(label - prediction) <= 0.4


def divides(label: Rows, prediction: Rows) -> Rows:
    raise ZeroDivisionError("no\nrows")


def sums(label: Rows, prediction: Rows) -> Rows:
    return (label - prediction).sum()


def is_broken(label: Rows, prediction: Rows) -> Rows:
    return np.where(label > 0.5, prediction, np.nan)


def sorts_both(label: Rows, prediction: Rows) -> Rows:
    label.sort()
    prediction.sort()
    return prediction


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts metrics of these functions into components/metrics.py."""

    def put(*scores: Callable[[Rows, Rows], Rows]) -> None:
        metrics = [row_mean(score, "higher is better", ["binary"]) for score in scores]
        monkeypatch.setattr(components.metrics, "METRICS", metrics)

    return put


def test_the_file_begins_empty_and_its_example_works() -> None:
    names: dict[str, Any] = {}
    text = DEMO_METRICS.read_text()
    exec(text, names)
    assert names["METRICS"] == []
    code = re.findall(r"^    (.*)$", ast.get_docstring(ast.parse(text)) or "", re.M)
    imported = re.search(r"`(from engine.*)`", text)
    assert imported
    exec("\n".join([imported[1], *code]).replace("\nreturn", "\n    return"), names)
    [metric] = names["METRICS"]
    value, influence = metric.estimate(np.array([1.0, 50.0]), np.array([5.0, 20.0]))
    assert (metric.name, metric.title, value) == ("within_ten", "within ten", 0.5)
    assert influence.tolist() == [0.5, -0.5]


def test_an_own_metric_is_metric_and_guardrail(own: Callable[..., None]) -> None:
    own(near_misses)
    named = SETTINGS.replace("name: roc_auc ", "name: near_misses ").replace("log_loss: {", "near_misses: {")
    assert parse(named, "mlops.yaml").metric.name == "near_misses"

    policy = {"guardrails": {"near_misses": {"margin": 0.0}}, "references": {"control": "improve"}}
    verdict = answer(question(GOOD, control=POOR, metric="near_misses", **policy))

    assert verdict["models"]["candidate"]["value"] == pytest.approx(
        verdict["models"]["candidate"]["metrics"]["near_misses"]
    )
    assert verdict["verdict"] == "BETTER"
    assert "near misses" in terminal.render(verdict, color=False)
    assert "near misses" in markdown.report(verdict)


@pytest.mark.parametrize(
    ("score", "found"),
    [
        (divides, "found ZeroDivisionError: no rows."),
        (sums, r"found an array of shape ()."),
        (is_broken, "that are not finite."),
    ],
)
@pytest.mark.parametrize("role", ["metric", "guardrail"])
def test_a_metric_that_fails_makes_the_verdict_invalid_in_one_line(
    own: Callable[..., None], score: Callable[[Rows, Rows], Rows], found: str, role: str
) -> None:
    own(score)
    name = score.__name__
    policy = {"metric": name} if role == "metric" else {"guardrails": {name: {"margin": 0.1}}}

    verdict = answer(question(GOOD, control=POOR, **policy))

    assert verdict["verdict"] == "INVALID"
    assert verdict["reason"].startswith(f"Metric {name}: expected a number for each of 1,860 rows, ")
    assert verdict["reason"].endswith(found)
    assert "\n" not in verdict["reason"]


def test_a_metric_cannot_change_the_rows_that_later_metrics_see() -> None:
    label, prediction = np.array([1.0, 0.0]), np.array([0.5, 0.25])
    value, _ = row_mean(sorts_both, "higher is better", ["binary"]).estimate(label, prediction)
    assert (value, label.tolist(), prediction.tolist()) == (0.375, [1.0, 0.0], [0.5, 0.25])


def test_the_interval_covers_the_truth(own: Callable[..., None]) -> None:
    random = np.random.default_rng(11)
    metric = row_mean(lambda label, prediction: label - prediction, "higher is better", ["number"])
    day, covered, runs = np.repeat(np.arange(40), 15), 0, 600
    for _ in range(runs):
        label = random.normal(size=600) + random.normal(size=40)[day]
        value, influence = metric.estimate(label, random.normal(size=600))
        found = statistics.estimate(value, influence, day, 0.95)
        covered += found.lower <= 0 <= found.upper
    assert covered / runs >= 0.92


def test_names_are_unique_and_fit_the_schema(own: Callable[..., None]) -> None:
    def accuracy(label: Rows, prediction: Rows) -> Rows:
        return label

    def Upper(label: Rows, prediction: Rows) -> Rows:  # noqa: N802 - the mistake
        return label

    for score, message in (
        (accuracy, "a name that no other metric has, found 'accuracy'"),
        (Upper, "'Upper'"),
    ):
        own(score)
        with pytest.raises(SettingsError, match=f"components/metrics.py: expected .*{message}"):
            known_metrics()


def test_a_list_without_metrics_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components.metrics, "METRICS", [near_misses])
    with pytest.raises(
        SettingsError, match="expected METRICS to list what row_mean returns, found <function"
    ):
        known_metrics()


def test_a_file_that_cannot_be_imported_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "components.metrics", None)
    with pytest.raises(SettingsError, match="expected a list METRICS, found ModuleNotFoundError"):
        known_metrics()
