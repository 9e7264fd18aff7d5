"""Slices, guardrails and the size of the model: what fails at which limit."""

from dataclasses import replace

import numpy as np
import pytest

from engine.judging.inputs import Invalid, Rows
from engine.judging.safeguards import judge_guardrails, judge_size, judge_slices
from engine.metrics.metrics import METRICS
from engine.tests.paired_rows import MAE, model_of, paired_rows

DROP = paired_rows([-3.0], [-1.0], origin=("LGA", "LGA"))
"""A mean difference of -2, whose standard error is 1."""


def slices(rows: Rows, **policy: object) -> list[dict[str, object]]:
    judged, _ = judge_slices(METRICS["mae"], rows, "control", MAE | policy)
    return judged


def test_a_slice_passes_until_its_p_value_is_below_the_level_of_one_side() -> None:
    p_value = slices(DROP)[0]["p_value"]
    assert p_value == pytest.approx(0.25)  # one standard error beyond the margin, of Cauchy's distribution

    assert slices(DROP, confidence=1 - 2 * p_value)[0]["passed"]
    assert not slices(DROP, confidence=0.49)[0]["passed"]


def test_a_slice_is_judged_from_the_minimum_of_rows_on() -> None:
    origin = ("LGA", "LGA", "EWR", "EWR", "LGA", "LGA", "EWR")
    rows = paired_rows([1.0] * 4, [1.0] * 3, origin=origin)

    judged, skipped = judge_slices(
        METRICS["mae"], rows, "control", MAE | {"slices": {"columns": ["origin"], "minimum_rows": 4}}
    )

    assert [(each["column"], each["value"], each["rows"]) for each in judged] == [("origin", "LGA", 4)]
    assert skipped == 1


def test_every_slice_that_cannot_be_judged_is_counted_and_the_others_are_judged() -> None:
    origin = np.array(["alone"] * 2 + ["blind"] * 4 + ["calm"] * 4 + ["day"] * 4 + ["east"] * 4 + ["far"] * 4)
    label = np.array([0, 1, *[1] * 8, *[0, 1] * 6], dtype=float)
    cluster = np.array([0, 1, *[0, 0, 1, 1] * 2, *[0] * 8, *[0, 0, 1, 1]])
    names, codes = np.unique(origin, return_inverse=True)
    rows = Rows(
        np.full(len(label), "2013-08-01", "datetime64[us]"),
        label,
        cluster,
        {"origin": ([*names], codes)},
        {"candidate": label * 0.8 + 0.1, "control": np.full(len(label), 0.5)},
        in_sequence=False,
    )

    judged, skipped = judge_slices(
        METRICS["roc_auc"], rows, "control", MAE | {"slices": {"columns": ["origin"], "minimum_rows": 4}}
    )

    assert [each["value"] for each in judged] == ["far"]
    assert skipped == 1 + 2 + 2, "of few rows, of one class, of one day"


def guardrail(rows: Rows, margin: float, **policy: object) -> bool:
    (judged,) = judge_guardrails(
        rows, "control", MAE | {"guardrails": {"mae": {"margin": margin}}} | policy, model_of()
    )
    return judged["passed"]


def test_a_guardrail_allows_a_drop_of_its_margin_and_no_more() -> None:
    certain = paired_rows([-1.0], [-1.0])

    assert guardrail(certain, margin=1.0)
    assert not guardrail(certain, margin=0.5)
    assert guardrail(certain, margin=0.5, minimum_clusters=3), "too few clusters decide nothing"


def test_a_guardrail_and_a_slice_show_the_figures_that_they_are_judged_by() -> None:
    rows = paired_rows([-3.0], [-1.0], origin=("LGA", "LGA"))
    (limit,) = judge_guardrails(rows, "control", MAE | {"guardrails": {"mae": {"margin": 0.5}}}, model_of())
    (part,) = slices(rows)

    figures = {"rows": 2, "clusters": 2, "candidate_value": 10.0, "reference_value": 8.0, "difference": -2.0}
    for judged in (limit, part):
        assert {name: judged[name] for name in figures} == figures
    assert (limit["name"], limit["margin"]) == ("mae", 0.5)


def test_a_model_may_be_as_large_as_the_limit() -> None:
    policy = MAE | {"guardrails": {"model_bytes": {"maximum": 900}}}

    (at_the_limit,) = judge_size(policy, model_of(model_bytes=900))
    (above,) = judge_guardrails(DROP, "control", policy, model_of(model_bytes=901))

    assert at_the_limit == {"name": "model_bytes", "candidate_value": 900, "maximum": 900, "passed": True}
    assert not above["passed"]


def test_a_model_of_unknown_size_is_invalid_under_a_limit() -> None:
    model = model_of()
    unknown = replace(model, record={**model.record, "model_bytes": None})

    expected = "the candidate's record does not tell model_bytes, which a guardrail judges"
    with pytest.raises(Invalid, match=f"^{expected}$"):
        judge_size(MAE | {"guardrails": {"model_bytes": {"maximum": 900}}}, unknown)
    assert judge_size(MAE, unknown) == []
