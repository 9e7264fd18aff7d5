"""What the verdict says of its rows, and which rows and values are none to judge on."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.judging import verdict_document
from engine.judging.inputs import Invalid, Rows
from engine.judging.verdict_inputs import VerdictInputs
from engine.tests.questions import COUNT, TIMES, answer, model, probability, question, truth

GOOD, POOR = probability(), probability(noise=4.0)
MESSAGES = ({"check": "leakage", "message": "It leaks."}, {"check": "overlap", "message": "It overlaps."})


def of_snapshot(inputs: VerdictInputs, snapshot: dict[str, str], **provenance: Any) -> VerdictInputs:
    """The same question about rows of another snapshot."""
    rows = truth().replace_schema_metadata({"snapshot": json.dumps(snapshot)})
    return replace(inputs, truth=rows, provenance=provenance)


@pytest.mark.parametrize(
    ("snapshot", "provenance", "day"),
    [
        ({"as_of": "2013-09-02"}, {}, "2013-09-02"),
        ({"as_of": "2013-09-02"}, {"as_of": "2013-09-03"}, "2013-09-02"),
        ({}, {"as_of": "2013-09-03"}, "2013-09-03"),
        ({}, {}, None),
    ],
)
def test_the_day_is_that_of_the_rows_or_of_the_question(
    snapshot: dict[str, str], provenance: dict[str, str], day: str | None
) -> None:
    verdict = answer(of_snapshot(question(GOOD, control=POOR), snapshot, **provenance))
    assert (verdict["as_of"], verdict["holdout_uses"]) == (day, 0)


def test_the_rows_are_described_by_their_first_and_last_moment() -> None:
    rows = answer(question(GOOD, control=POOR))["rows"]
    assert (rows["n"], rows["clusters"], rows["cluster"]) == (COUNT, 31, "day")
    assert (rows["start"], rows["end"]) == ("2013-08-01T00:00:00", f"{TIMES[-1].astype('datetime64[s]')}")


@pytest.mark.parametrize(
    ("count", "reason"),
    [(1, "The data is refused: It leaks."), (2, "The data is refused: It leaks (and 1 more).")],
)
def test_findings_refuse_the_data_and_are_all_in_the_verdict(count: int, reason: str) -> None:
    found = {"findings": [*MESSAGES[:count]], "warnings": [MESSAGES[1]]}
    verdict = answer(replace(question(GOOD, control=POOR), findings=found))
    assert (verdict["verdict"], verdict["reason"]) == ("INVALID", reason)
    assert (verdict["findings"], verdict["warnings"]) == (found["findings"], found["warnings"])


def test_a_verdict_that_is_not_reached_has_no_reason_and_no_findings() -> None:
    document = verdict_document.skeleton(replace(question(GOOD), findings={}))
    assert (document["reason"], document["findings"], document["warnings"]) == ("", [], [])


@pytest.mark.parametrize("rows", [None, truth().slice(0, 0)])
def test_without_evaluation_rows_there_is_no_verdict(rows: pa.Table | None) -> None:
    assert answer(replace(question(GOOD, control=POOR), truth=rows))["reason"] == (
        "There are no evaluation rows."
    )


def test_a_candidate_that_was_trained_on_evaluation_rows_is_refused() -> None:
    inputs = replace(question(GOOD), models={"candidate": model(GOOD, "2013-08-02")})
    assert answer(inputs)["reason"] == (
        "The candidate was trained up to 2013-08-02, evaluation rows start at 2013-08-01T00:00:00.000000."
    )


def rows_of(label: list[float], predicted: float = 0.5) -> Rows:
    size = len(label)
    return Rows(
        time=TIMES[:size],
        label=np.array(label, float),
        cluster=np.zeros(size, np.intp),
        predictions={"candidate": np.full(size, predicted)},
    )


@pytest.mark.parametrize(
    ("rows", "kind", "reason"),
    [
        (rows_of([]), "number", "no evaluation row has a label"),
        (rows_of([0.0, float("nan"), 1.0]), "number", "1 labels are not numbers"),
        (rows_of([0.0, 1.0, -1.0]), "count", "expected counts of 0 and more, found 1 below 0"),
        (rows_of([0.0, 1.0, 2.0]), "binary", "expected labels of 0 and 1 only"),
        (rows_of([0.0, 1.0], -0.1), "binary", "the candidate's predictions are no probabilities in 2 rows"),
        (rows_of([0.0, 1.0], 1.1), "binary", "the candidate's predictions are no probabilities in 2 rows"),
    ],
)
def test_values_that_a_label_cannot_have_are_refused(rows: Rows, kind: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        verdict_document.check_values(rows, kind)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (rows_of([0.0, 3.0]), "count"),
        (rows_of([-1.0, 0.5], 7.0), "number"),
        (rows_of([0.0, 1.0], 0.0), "binary"),
        (rows_of([0.0, 1.0], 1.0), "binary"),
    ],
)
def test_values_at_the_ends_are_accepted(rows: Rows, kind: str) -> None:
    verdict_document.check_values(rows, kind)


@pytest.mark.parametrize(
    ("champion", "control", "mode"),
    [
        ("improve", "not-worse", "improve"),
        ("not-worse", "improve", "improve"),
        ("not-worse", "not-worse", "not-worse"),
    ],
)
def test_a_champion_that_is_the_control_is_compared_by_the_stricter_mode(
    champion: str, control: str, mode: str
) -> None:
    references = {"champion": champion, "control": control}
    inputs = question(GOOD, control=POOR, champion=POOR, references=references)
    rows = replace(rows_of([0.0, 1.0]), predictions={"candidate": GOOD, "control": POOR, "champion": POOR})

    left, judged = verdict_document.without_control(inputs, rows)

    assert left.policy == inputs.policy | {"references": {"champion": mode}}
    assert left.models == {name: inputs.models[name] for name in ("candidate", "champion")}
    assert {*judged.predictions} == {"candidate", "champion"}
