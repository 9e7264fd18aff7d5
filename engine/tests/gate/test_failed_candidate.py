"""A run that fails by the change's code has a verdict; one that fails by anything else has none."""

import pytest

from engine.gate.interfaces import failed_by_candidate


@pytest.mark.parametrize(
    ("failed", "candidates"),
    [
        (["train-model (candidate)", "gate"], ["train-model (candidate)"]),
        (["build-features (candidate, training)"], ["build-features (candidate, training)"]),
        (["receive-model", "gate"], ["receive-model"]),
        (["receive-features"], ["receive-features"]),
        (["load-data (training)"], []),
        (["compare-models", "gate"], []),
        (["train-model (candidate)", "train-model (control)"], []),
        (["score-model (candidate)", "score-model (champion)"], []),
        ([], []),
    ],
)
def test_a_failure_is_the_candidates_unless_others_failed_too(
    failed: list[str], candidates: list[str]
) -> None:
    assert failed_by_candidate(failed) == candidates
