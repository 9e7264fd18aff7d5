"""What is compared is complete, or the verdict is INVALID."""

from dataclasses import replace

from engine.tests.questions import answer, probability, question


def test_a_model_without_predictions_is_invalid() -> None:
    inputs = question(probability(), control=probability(1.0))
    control = replace(inputs.models["control"], table=None)

    verdict = answer(replace(inputs, models=inputs.models | {"control": control}))

    assert (verdict["verdict"], verdict["reason"]) == ("INVALID", "The control's predictions are missing.")
