"""What the candidate's code measured by day becomes a rise with an interval, if the numbers are sound."""

import json
from typing import Any

import jsonschema
import pytest

from engine.judging.explanations import explained
from engine.judging.importance import is_sound
from engine.judging.verdict_document import judge
from engine.reporting import verdict_report as report
from engine.tests.questions import SCHEMA, probability, question, with_record
from engine.tests.reporting.test_report import HOSTILE, Tags

DAYS = 20
ROWS = [10 + day % 3 for day in range(DAYS)]
STEADY = [0.02 * rows for rows in ROWS]
NOISY = [(-1) ** day * 0.5 * rows for day, rows in enumerate(ROWS)]
MEASURED = {"rows": ROWS, "rise": {"noise": NOISY, "distance": STEADY}}


def shown(measured: Any) -> tuple[dict[str, Any], dict[str, str]]:
    inputs = question(probability(), control=probability(noise=1.0))
    inputs = with_record(inputs, "candidate", importance=measured)
    verdict, rows = judge(inputs)
    verdict = explained(verdict, rows, inputs, {})
    jsonschema.validate(verdict, SCHEMA, jsonschema.Draft202012Validator)
    return verdict, report.render(verdict, rows, inputs)


def test_the_rise_is_a_mean_over_rows_with_an_interval_by_day() -> None:
    distance, noise = shown(MEASURED)[0]["importance"]

    assert distance == {
        "name": "distance",
        "rise": pytest.approx(0.02),
        "lower": pytest.approx(0.02),
        "upper": pytest.approx(0.02),
    }
    assert noise["name"] == "noise"
    assert noise["rise"] == pytest.approx(sum(NOISY) / sum(ROWS))
    assert noise["lower"] < -0.1 < 0.1 < noise["upper"]


def test_importance_is_shown_as_measured_by_the_candidate() -> None:
    _, files = shown(MEASURED)

    for text in (" ".join(Tags(files["report.html"]).text.split()), files["report.md"]):
        assert "The change's own code measured it on rows that it was fitted to" in text
    assert "| distance | +0.02000 \\[+0.02000, +0.02000\\] |" in files["report.md"].replace("&nbsp;", " ")


@pytest.mark.parametrize(
    "change",
    [
        {"rows": []},
        {"rows": ROWS[:-1]},
        {"rows": [0] * DAYS},
        {"rows": [10_001] * DAYS},
        {"rows": [1] * 32, "rise": {"distance": [0.0] * 32}},
        {"rise": {"distance": [float("inf")] * DAYS}},
        {"rise": {"distance": [1e10] * DAYS}},
        {"rise": {"x" * 161: STEADY}},
        {"rise": {f"f{number}": STEADY for number in range(51)}},
    ],
    ids=range(9),
)
def test_numbers_that_are_not_sound_are_left_out(change: dict[str, Any]) -> None:
    assert is_sound(MEASURED)
    verdict, files = shown({**MEASURED, **change})

    assert "importance" not in verdict
    assert "relies on" not in files["report.html"] + files["report.md"]


def test_one_day_alone_has_no_interval() -> None:
    verdict, _ = shown({"rows": [7], "rise": {"distance": [0.7]}})

    assert verdict["importance"] == [
        {"name": "distance", "rise": pytest.approx(0.1), "lower": None, "upper": None}
    ]


def test_a_hostile_feature_name_stays_plain_text() -> None:
    name = HOSTILE[:150]
    verdict, files = shown({"rows": ROWS, "rise": {name: STEADY}})

    assert verdict["importance"][0]["name"] == name
    assert "<script>" not in files["report.html"]
    assert "alert" in files["report.md"] and "<script>" not in files["report.md"]
    assert json.dumps(verdict, allow_nan=False)
