"""What is compared is complete, or the verdict is INVALID."""

from dataclasses import replace

from engine.tests.questions import answer, probability, question


def test_a_model_without_predictions_is_invalid() -> None:
    asked = question(probability(), control=probability(1.0))
    control = replace(asked.models["control"], table=None)

    verdict = answer(replace(asked, models=asked.models | {"control": control}))

    assert (verdict["verdict"], verdict["reason"]) == ("INVALID", "The control's predictions are missing.")
