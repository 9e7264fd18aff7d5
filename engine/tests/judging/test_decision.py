"""Which comparison decides, on which rows, and at which limit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.documents.policy import Mode
from engine.documents.verdict import Comparison
from engine.judging import decision, statistics, verdict_wording
from engine.judging.differences import difference
from engine.metrics.metrics import METRICS
from engine.tests.paired_rows import MAE, START, model_of, paired_rows

SAME, SURE, UNSURE = ([0.0], [0.0]), ([2.0], [2.0]), ([-3.0], [1.0])
CANDIDATE = {"candidate": model_of(model_bytes=900)}


def comparison(reference: str, verdict: str, passed: bool) -> Comparison:
    return {
        "reference": reference,
        "verdict": verdict,
        "passed": passed,
        "reason": f"{reference}: {verdict}.",
    }


WON, LOST = comparison("control", "BETTER", True), comparison("control", "WORSE", False)
SAME_AS_CONTROL = comparison("control", "IDENTICAL", True)
CHAMPION_WON, CHAMPION_LOST = (
    comparison("champion", "NON_INFERIOR", True),
    comparison("champion", "INCONCLUSIVE", False),
)
NO_CHAMPION, TOO_POOR = (comparison("champion", "NO_CHAMPION", passed) for passed in (True, False))


@pytest.mark.parametrize(
    ("comparisons", "verdict", "passed", "reason"),
    [
        ([CHAMPION_WON, WON], "NON_INFERIOR", True, "champion: NON_INFERIOR. control: BETTER."),
        ([CHAMPION_LOST, LOST], "WORSE", False, "control: WORSE. champion: INCONCLUSIVE."),
        ([CHAMPION_LOST, WON], "INCONCLUSIVE", False, "champion: INCONCLUSIVE."),
        ([CHAMPION_WON, LOST], "WORSE", False, "control: WORSE."),
        (
            [CHAMPION_LOST, SAME_AS_CONTROL],
            "IDENTICAL",
            True,
            "control: IDENTICAL. champion: INCONCLUSIVE.",
        ),
        ([NO_CHAMPION, WON], "BETTER", True, "control: BETTER. champion: NO_CHAMPION."),
        ([TOO_POOR, WON], "NO_CHAMPION", False, "champion: NO_CHAMPION."),
        ([NO_CHAMPION], "NO_CHAMPION", True, "champion: NO_CHAMPION."),
        ([CHAMPION_WON], "NON_INFERIOR", True, "champion: NON_INFERIOR."),
    ],
)
def test_the_verdict_is_that_of_the_comparison_that_decides(
    comparisons: list[Comparison], verdict: str, passed: bool, reason: str
) -> None:
    expected = {"verdict": verdict, "passed": passed, "reason": reason}

    assert decision.overall(comparisons) == expected


def test_a_row_of_the_moment_in_which_the_training_ended_is_unseen() -> None:
    rows = paired_rows([1.0, 2.0], [3.0], [4.0])
    window = {"start": "2013-05-01", "end": str(START + np.timedelta64(1, "D"))}

    unseen, why = decision.unseen_rows(rows, model_of(training_window=window))

    assert unseen is not None
    assert (unseen.label.size, unseen.cluster.tolist(), why) == (2, [1, 2], "")


def test_without_unseen_rows_the_reason_says_why() -> None:
    window = {"start": "2013-05-01", "end": "2013-09-01"}

    none, seen = decision.unseen_rows(paired_rows(*SAME), model_of(training_window=window))
    nothing, no_champion = decision.unseen_rows(paired_rows(*SAME), None)

    assert none is nothing is None
    assert seen == "The champion was trained up to 2013-09-01 and has seen all of these rows"
    assert no_champion == "There is no champion yet"


def test_each_reference_is_compared_by_its_own_mode() -> None:
    old = {"training_window": {"start": "2013-05-01", "end": "2013-07-01"}}
    models = CANDIDATE | {"control": model_of(), "champion": model_of(**old)}
    references = {"champion": "not-worse", "control": "improve"}

    both = decision.decide(paired_rows(*SURE), models, MAE | {"references": references}, 0.0)
    champion = decision.decide(
        paired_rows(*SURE), models, MAE | {"references": {"champion": "not-worse"}}, 0.0
    )
    first = decision.decide(paired_rows(*SURE), CANDIDATE, MAE | {"references": {"control": "improve"}}, 0.0)

    modes = [(each["reference"], each["mode"], each["verdict"]) for each in both]
    assert modes == [("champion", "not-worse", "BETTER"), ("control", "improve", "BETTER")]
    assert champion == both[:1]
    assert first == []


@pytest.mark.parametrize(
    ("champion", "control", "mode"),
    [
        ("improve", "not-worse", "improve"),
        ("not-worse", "improve", "improve"),
        ("not-worse", "not-worse", "not-worse"),
    ],
)
def test_without_a_champion_the_control_is_judged_by_the_stricter_mode(
    champion: Mode, control: Mode, mode: Mode
) -> None:
    models = CANDIDATE | {"control": model_of()}
    references = {"champion": champion, "control": control}

    _, judged = decision.decide(paired_rows(*SURE), models, MAE | {"references": references}, 25.0)

    assert (judged["reference"], judged["mode"]) == ("control", mode)


def test_a_control_is_not_compared_with_because_there_is_no_champion() -> None:
    models = CANDIDATE | {"control": model_of()}

    (only,) = decision.decide(paired_rows(*SURE), models, MAE | {"references": {"champion": "improve"}}, 25.0)

    assert (only["reference"], only["mode"], only["verdict"]) == ("champion", "improve", "NO_CHAMPION")


def control_is_champion(
    references: dict[str, str], until: str = "2013-08-01", champion: tuple[list[float], ...] = SURE
) -> bool:
    """Whether they are, if the champion, of these differences, was trained until then."""
    rows = paired_rows(*SURE)
    predicted = {"champion": paired_rows(*champion).predictions["candidate"]}
    rows = replace(
        rows, predictions=rows.predictions | {"control": rows.predictions["candidate"]} | predicted
    )
    window = {"start": "2013-05-01", "end": until}
    models = CANDIDATE | {"control": model_of(), "champion": model_of(training_window=window)}
    return decision.control_is_champion(rows, models, MAE | {"references": references})


def test_a_control_that_predicts_as_the_champion_is_the_champion() -> None:
    both = {"champion": "improve", "control": "not-worse"}

    assert control_is_champion(both)
    assert not control_is_champion(both, champion=SAME)
    assert not control_is_champion(both, until="2013-08-02"), "of two rows it has seen one"
    assert not control_is_champion(both, until="2013-09-01")
    assert not control_is_champion({"control": "not-worse"})
    assert not control_is_champion({"champion": "improve"})


def against(clusters: tuple[list[float], ...], mode: str, **policy: Any) -> dict[str, Any]:
    found: Any = decision.against(
        "control", mode, paired_rows(*clusters), MAE | policy, CANDIDATE["candidate"]
    )
    return found


def test_a_comparison_holds_its_figures_and_the_rules_it_was_made_by() -> None:
    policy = MAE | {"min_effect": 0.5, "guardrails": {"model_bytes": {"maximum": 1000}}}
    rows = paired_rows([-3.0], [1.0], origin=("LGA", "EWR"), in_sequence=True)
    figures, found = difference(METRICS["mae"], rows, "control", 0.95)

    compared = decision.against("control", "improve", rows, policy, CANDIDATE["candidate"])

    assert compared == {
        **figures,
        "reference": "control",
        "mode": "improve",
        "verdict": "INCONCLUSIVE",
        "passed": False,
        "reason": verdict_wording.reason(compared, "mae", policy, wins=False, enough=True),
        "confidence": 0.95,
        "margin": 1.0,
        "min_effect": 0.5,
        "minimum_detectable_effect": statistics.minimum_detectable_effect(found, 0.95),
        "rows_to_decide": statistics.rows_to_decide(found, 0.5),
        "serial_correlation": {"autocorrelation": 0.0, "p_value": 1.0, "widening": 1.0},
        "slices": [],
        "slices_not_judged": 2,
        "guardrails": [
            {"name": "model_bytes", "candidate_value": 900, "maximum": 1000, "passed": True},
        ],
    }


def test_clusters_side_by_side_have_no_serial_correlation() -> None:
    assert against(UNSURE, "improve")["serial_correlation"] is None


@pytest.mark.parametrize(
    ("clusters", "mode", "verdict", "threshold"),
    [
        (UNSURE, "improve", "INCONCLUSIVE", 0.5),
        (UNSURE, "not-worse", "INCONCLUSIVE", -1.0),
        (SAME, "improve", "IDENTICAL", None),
        (SURE, "improve", "BETTER", None),
        (([0.25], [0.25]), "improve", "NON_INFERIOR", 0.5),
        (([0.25], [0.25]), "not-worse", "NON_INFERIOR", None),
        (([-2.0], [-2.0]), "not-worse", "WORSE", None),
        (([-2.0], [-1.99]), "not-worse", "WORSE", None),
    ],
)
def test_rows_to_decide_are_forecast_where_more_rows_could_decide(
    clusters: tuple[list[float], ...], mode: str, verdict: str, threshold: float | None
) -> None:
    _, found = difference(METRICS["mae"], paired_rows(*clusters), "control", 0.95)
    expected = None if threshold is None else statistics.rows_to_decide(found, threshold)

    compared = against(clusters, mode, min_effect=0.5)

    assert (compared["verdict"], compared["rows_to_decide"]) == (verdict, expected)
    assert against(clusters, mode, min_effect=0.5, minimum_rows=3)["rows_to_decide"] is None


@pytest.mark.parametrize(("mode", "is_said"), [("improve", True), ("not-worse", False)])
def test_the_reason_says_that_a_model_has_to_be_better(mode: str, is_said: bool) -> None:
    compared = against(([0.25], [0.25]), mode, min_effect=0.5)
    assert ("It has to be better." in compared["reason"]) is is_said


def test_slices_and_guardrails_of_the_same_model_are_not_judged() -> None:
    rows = paired_rows(*SAME, origin=("LGA", "EWR"))
    policy = MAE | {"guardrails": {"mae": {"margin": 1.0}}}

    compared = decision.against("control", "improve", rows, policy, CANDIDATE["candidate"])

    assert (compared["slices"], compared["slices_not_judged"], compared["guardrails"]) == ([], 0, [])


def test_the_minimum_of_rows_and_of_clusters_is_enough() -> None:
    assert against(SURE, "improve")["verdict"] == "BETTER"
    assert against(SURE, "improve", minimum_rows=3)["verdict"] == "INCONCLUSIVE"
    assert against(SURE, "improve", minimum_clusters=3)["verdict"] == "INCONCLUSIVE"


def test_one_slice_or_guardrail_that_fails_is_enough_to_lose() -> None:
    rows = paired_rows([8.0, -8.0], [8.0, -8.0], origin=("EWR", "LGA") * 2)
    limits = {"guardrails": {"mae": {"margin": 9.0}, "model_bytes": {"maximum": 899}}}
    judge = {"margin": 0.5, "references": {}}

    by_slice = decision.against("control", "not-worse", rows, MAE | judge, CANDIDATE["candidate"])
    by_limit = against(SURE, "improve", **limits)

    assert (by_slice["verdict"], by_slice["passed"]) == ("NON_INFERIOR", False)
    assert [each["passed"] for each in by_slice["slices"]] == [True, False]
    assert (by_limit["verdict"], by_limit["passed"]) == ("BETTER", False)
    assert [each["passed"] for each in by_limit["guardrails"]] == [True, False]
