"""What a verdict says beside its numbers: nothing that the numbers do not say."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.judging.inputs import Model
from engine.judging.statistics import Estimate, rows_to_decide
from engine.judging.verdict_document import judge
from engine.judging.verdict_inputs import VerdictInputs
from engine.reporting import markdown, terminal
from engine.reporting.verdict_report import render
from engine.tests.questions import COUNT, LOGIT, ORIGIN, POLICY, answer, model, probability, question

GOOD, FAIR = probability(), probability(noise=1.0)
DAMAGED_AT_LGA = np.where(ORIGIN == "LGA", probability(30.0), GOOD)
SLIGHTLY_WORSE = probability(0.05)


def reports(inputs: VerdictInputs) -> list[str]:
    """The verdict in the terminal, as Markdown and as HTML."""
    verdict, rows = judge(inputs)
    return [terminal.render(verdict, color=False), *render(verdict, rows, inputs).values()]


def found(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half, half / 2, 1000, 31, None, 31, 30)


@pytest.mark.parametrize(
    ("value", "half", "rows"),
    [(0.01, 0.02, 4000), (-0.01, 0.02, 4000), (0.01, 0.01, 1000), (0.01, 0.005, None), (0.0, 0.01, None)],
)
def test_rows_to_decide_are_at_least_the_rows_of_the_comparison(
    value: float, half: float, rows: int | None
) -> None:
    assert rows_to_decide(found(value, half), 0.0) == rows


def test_rows_are_not_asked_for_where_more_of_them_would_change_nothing() -> None:
    # Significantly worse, within the margin: no number of rows will make it better.
    document = answer(question(SLIGHTLY_WORSE, control=GOOD, margin=0.05, references={"control": "improve"}))

    (comparison,) = document["comparisons"]
    assert comparison["verdict"] == "NON_INFERIOR"
    assert comparison["upper"] < 0
    assert comparison["rows_to_decide"] is None
    assert "more rows" not in document["reason"]


def test_the_reason_names_what_fails_beside_a_lost_metric() -> None:
    document = answer(question(DAMAGED_AT_LGA, control=GOOD, references={"control": "not-worse"}))

    assert document["verdict"] == "WORSE"
    assert "On origin = LGA it drops beyond the margin" in document["reason"]
    assert "Guardrail log loss got worse beyond its margin" in document["reason"]


def test_the_reason_names_the_worst_slices_and_counts_the_others() -> None:
    terrible = probability(30.0)
    inputs = question(terrible, control=GOOD, slices={"columns": ["origin", "place"], "minimum_rows": 100})
    assert inputs.truth is not None
    place = [f"p{number}" for number in np.arange(COUNT) % 2]
    inputs = replace(inputs, truth=inputs.truth.append_column("place", [place]))

    reason = answer(inputs)["reason"]

    assert reason.count("it drops beyond the margin") == 3
    assert "So it does on 2 more slices." in reason


def test_an_interval_stays_in_the_bounds_of_its_metric() -> None:
    nearly_right = probability(0.05)
    inputs = question(nearly_right, control=1 - nearly_right, confidence=1 - 1e-12, floor=0.9)
    assert inputs.truth is not None
    inputs = replace(inputs, truth=inputs.truth.set_column(2, "late", [LOGIT > 0]))

    verdict = answer(inputs)

    by_reference = {each["reference"]: each for each in verdict["comparisons"]}
    floor = by_reference["champion"]["floor"]
    assert by_reference["control"]["upper"] == floor["upper"] == 1
    assert 0.9 < floor["lower"] < by_reference["champion"]["candidate_value"] < 1
    assert found(0.9, 0.3).within((-1, 1)) == replace(found(0.9, 0.3), upper=1)
    assert found(-0.9, 0.3).within((-1, math.inf)) == replace(found(-0.9, 0.3), lower=-1)


def test_a_control_that_is_the_champion_is_shown_once() -> None:
    inputs = question(GOOD, control=FAIR, champion=FAIR)
    inputs = replace(inputs, policy={**POLICY, "references": {"champion": "not-worse", "control": "improve"}})

    verdict = answer(inputs)

    (comparison,) = verdict["comparisons"]
    assert (comparison["reference"], comparison["mode"]) == ("champion", "improve")
    assert verdict["models"].keys() == {"candidate", "champion", "dummy"}
    assert verdict["reason"].endswith("The control is the same model as the champion, so it is shown once.")


def test_a_change_that_redefines_the_question_waits_for_a_person() -> None:
    inputs = question(GOOD, control=FAIR)
    passing = answer(inputs)
    asked = replace(inputs, provenance={**inputs.provenance, "redefines": ["mlops.yaml: data.key"]})

    verdict = answer(asked)

    assert (passing["verdict"], passing["passed"]) == (verdict["verdict"], True)
    assert (verdict["passed"], verdict["comparisons"]) == (False, passing["comparisons"])
    assert verdict["reason"] == (
        "A person has to accept this change, by operate.yml, because it redefines mlops.yaml: data.key:"
        f" the figures are those of the base's question. {passing['reason']}"
    )


def test_a_control_is_judged_beside_a_champion_that_has_seen_some_of_the_rows() -> None:
    inputs = question(GOOD, control=FAIR, champion=FAIR)
    older: Model = model(FAIR, "2013-08-03", "cd" * 32)

    verdict = answer(replace(inputs, models=inputs.models | {"champion": older}))

    assert {each["reference"] for each in verdict["comparisons"]} == {"champion", "control"}


def test_no_tick_stands_beside_what_is_wholly_below_zero() -> None:
    inputs = question(
        probability(0.5), control=GOOD, margin=0.1, references={"control": "not-worse"}, guardrails={}
    )
    verdict, _ = judge(inputs)
    (comparison,) = verdict["comparisons"]
    below = [each for each in comparison["slices"] if each["upper"] is not None and each["upper"] < 0]
    assert comparison["passed"]
    assert below

    in_terminal, page, text = reports(inputs)

    for each in below:
        (line,) = (
            line for line in in_terminal.splitlines() if f"  {each['column']} = {each['value']}" in line
        )
        assert line.endswith("↓")
        (row,) = (line for line in text.splitlines() if line.startswith("| ↓ |") and each["value"] in line)
        assert row
    assert "↓ worse, but not enough to fail" in in_terminal
    assert page.count('<tr class="open">') == len(below)
    assert page.count('<div class="row open') == len(below) + 1  # and the average


def test_zero_is_drawn_as_zero_where_there_is_no_margin() -> None:
    in_terminal, *_ = reports(question(GOOD))

    (metric,) = (line for line in in_terminal.splitlines() if line.startswith("  ROC AUC  "))
    assert "│" in metric
    assert "┊" not in metric


@pytest.mark.parametrize(
    ("inputs", "marks"),
    [
        (question(DAMAGED_AT_LGA, control=probability(3.5), references={"control": "improve"}), "✓✗"),
        (question(SLIGHTLY_WORSE, control=GOOD, references={"control": "improve"}), "✗✓"),
        (question(GOOD, guardrails={"model_bytes": {"maximum": 1}}), "✓✗"),
        (question(probability(0.5), control=GOOD, margin=0.1, references={"control": "not-worse"}), "↓✗"),
    ],
)
def test_the_metric_is_marked_by_itself(inputs: VerdictInputs, marks: str) -> None:
    in_terminal, *_ = reports(inputs)

    section = in_terminal.partition("against ")[2].splitlines()
    (metric,) = (line for line in section if line.startswith("  ROC AUC"))
    others = {line[-1] for line in section if line.startswith(("  origin", "  log loss", "  model size"))}
    assert (metric[-1], "✗" if "✗" in others else "✓") == (marks[0], marks[1])


def test_signs_are_explained_where_a_metric_is_turned() -> None:
    in_terminal, _, text = reports(question(GOOD, control=FAIR))

    explained = "+ is better; for log loss, where lower is better, + is a lower value"
    assert explained in in_terminal
    assert explained in text


def test_the_level_of_the_slices_test_is_stated() -> None:
    _, page, text = reports(question(GOOD, control=FAIR, confidence=0.9))

    assert "a slice fails where it is below\n  0.05." in page
    assert "p (Holm), fails below 0.05" in text
    assert markdown.slice_level(0.95) == pytest.approx(0.025)
