"""Without a champion, the candidate must beat a floor and a constant prediction."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.judging import decision, verdict_wording
from engine.judging.inputs import Invalid
from engine.judging.verdict_document import check_values
from engine.tests.paired_rows import MAE, model_of, paired_rows
from engine.tests.questions import answer, probability, question, with_record

SURE = ([2.0], [2.0])
CANDIDATE = model_of(model_bytes=900)


def first_model(clusters: tuple[list[float], ...], dummy: float = 30.0, **policy: Any) -> dict[str, Any]:
    """The candidate's error is 8 minus the differences, that of a constant `dummy` is its distance to 10."""
    found: Any = decision.against_nothing(
        "improve", paired_rows(*clusters), MAE | policy, CANDIDATE, dummy, "No champion"
    )
    return found


def test_a_first_model_must_be_beyond_the_floor_and_not_on_it() -> None:
    assert first_model(SURE, floor=6.5)["passed"]
    assert not first_model(SURE, floor=6.0)["passed"]
    assert not first_model(SURE, floor=5.5)["floor"]["passed"]


def test_a_floor_is_a_least_value_where_higher_is_better() -> None:
    rows, right = paired_rows([0.0, 0.0], [0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])
    rows = replace(rows, label=right, predictions={"candidate": right})

    def reached(floor: float) -> bool:
        policy = MAE | {"metric": "accuracy", "floor": floor}
        candidate = CANDIDATE
        return decision.against_nothing("improve", rows, policy, candidate, 0.0, "No")["floor"]["passed"]

    assert reached(0.99)
    assert not reached(1.0)


def test_a_count_below_zero_is_invalid() -> None:
    with pytest.raises(Invalid, match="expected counts of 0 and more, found 1 below 0"):
        check_values(replace(paired_rows([0.0]), label=np.array([-1.0])), "count")
    check_values(replace(paired_rows([0.0]), label=np.array([3.0])), "count")


def test_a_first_model_must_be_better_than_a_constant_and_not_as_good() -> None:
    assert first_model(SURE, dummy=17.0, floor=7.0)["passed"]
    assert not first_model(SURE, dummy=16.0, floor=7.0)["passed"]


def test_the_comparison_with_a_constant_holds_its_figures() -> None:
    policy = MAE | {"floor": 7.0, "guardrails": {"model_bytes": {"maximum": 900}}}

    compared = first_model(SURE, **policy)

    assert compared == {
        "reference": "champion",
        "mode": "improve",
        "verdict": "NO_CHAMPION",
        "passed": True,
        "reason": verdict_wording.without_champion("No champion", compared, "mae", policy, enough=True),
        "rows": 2,
        "clusters": 2,
        "effective_clusters": 2.0,
        "rarer_class_rows": None,
        "candidate_value": 6.0,
        "reference_value": 20.0,
        "difference": 14.0,
        "lower": 14.0,
        "upper": 14.0,
        "standard_error": 0.0,
        "confidence": 0.95,
        "margin": 1.0,
        "min_effect": 0.0,
        "minimum_detectable_effect": 0.0,
        "serial_correlation": None,
        "floor": {"value": 7.0, "lower": 6.0, "upper": 6.0, "passed": True},
        "rows_to_decide": None,
        "slices": [],
        "slices_not_judged": 0,
        "guardrails": [
            {"name": "model_bytes", "candidate_value": 900, "maximum": 900, "passed": True},
        ],
    }
    too_large = first_model(SURE, floor=7.0, guardrails={"model_bytes": {"maximum": 899}})
    too_few = first_model(SURE, floor=7.0, minimum_rows=3)
    assert not too_large["passed"]
    assert not too_few["passed"]
    assert too_few["reason"] == verdict_wording.without_champion(
        "No champion", too_few, "mae", MAE | {"minimum_rows": 3}, enough=False
    )


def test_the_constant_to_beat_is_the_controls_and_not_what_a_candidate_says() -> None:
    """Its own code writes its record: a false mean would make a constant that anything beats."""
    noisy = probability(noise=2.5)
    honest = question(noisy, control=noisy, metric="log_loss", floor=9.0)
    label = honest.models["candidate"].record["label"]
    forged = with_record(honest, "candidate", label=label | {"mean": 1e9})

    verdict = answer(honest)

    assert [each["passed"] for each in verdict["comparisons"] if each["verdict"] == "NO_CHAMPION"] == [False]
    assert answer(forged) == verdict
