"""A verdict that did not pass ends the run with 1, and what is no verdict with 2."""

import json

import pytest

from engine.tests.questions import answer, probability, question

GOOD, POOR = probability(), probability(noise=4.0)


@pytest.mark.parametrize(("candidate", "control", "status"), [(GOOD, POOR, 0), (POOR, GOOD, 1)])
def test_the_status_is_the_verdicts(run_component, tmp_path, candidate, control, status):
    verdict = answer(question(candidate, control=control))
    (tmp_path / "verdict.json").write_text(json.dumps(verdict))

    ended = run_component("enforce_verdict", verdict=tmp_path / "verdict.json")

    assert ended.status == status
    assert verdict["verdict"] in ended.output
    assert len(ended.error.splitlines()) == status


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"passed": "true"},
        {"passed": None},
        {"comparisons": []},
        {"verdict": "INVALID"},
        {"verdict": "FINE"},
        {"surprise": 1},
    ],
)
def test_a_document_of_another_shape_never_passes(run_component, tmp_path, change):
    verdict = answer(question(GOOD, control=POOR)) | change
    (tmp_path / "verdict.json").write_text(json.dumps(verdict))

    ended = run_component("enforce_verdict", verdict=tmp_path / "verdict.json")

    assert ended.status == 2
    assert "expected a verdict" in ended.error


@pytest.mark.parametrize("content", ["", "[]", "<html>", '{"verdict": "BETTER"}'])
def test_an_invalid_verdict_never_passes(run_component, tmp_path, content):
    (tmp_path / "verdict.json").write_text(content)

    assert run_component("enforce_verdict", verdict=tmp_path / "verdict.json").status == 2


def test_a_verdict_that_is_missing_is_the_worlds_fault(run_component, tmp_path):
    assert run_component("enforce_verdict", verdict=tmp_path / "none.json").status == 3
