"""What is compared is complete, or the verdict is INVALID."""

from dataclasses import replace

import pyarrow as pa
import pytest

from engine.tests.questions import ORIGIN, answer, probability, question


def test_a_model_without_predictions_is_invalid() -> None:
    inputs = question(probability(), control=probability(1.0))
    control = replace(inputs.models["control"], table=None)

    verdict = answer(replace(inputs, models=inputs.models | {"control": control}))

    assert (verdict["verdict"], verdict["reason"]) == ("INVALID", "The control's predictions are missing.")


@pytest.mark.parametrize(("cluster", "slices"), [("day", {"(empty)", "(missing)", "LGA"}), ("origin", set())])
def test_categories_and_empty_text_are_slices_and_clusters(cluster: str, slices: set[str]) -> None:
    """As pandas writes them, and with a model whose keys are plain text."""
    inputs = question(probability(), champion=probability(1.0), cluster=cluster, minimum_clusters=2)
    origins = [{"EWR": "", "JFK": None}.get(origin, origin) for origin in ORIGIN.tolist()]
    truth = with_categories(with_text_keys(inputs.truth)).set_column(
        3, "origin", pa.array(origins).dictionary_encode()
    )
    training = with_categories(with_text_keys(inputs.training))
    models = {
        name: replace(model, table=with_text_keys(model.table)) for name, model in inputs.models.items()
    }

    verdict = answer(replace(inputs, truth=truth, training=training, models=models))

    assert verdict["rows"] == answer(inputs)["rows"], verdict["reason"]
    [comparison] = verdict["comparisons"]
    assert {each["value"] for each in comparison["slices"]} == slices
    assert comparison["slices_not_judged"] == 3 - len(slices)  # a slice that is one cluster is not judged


def with_text_keys(table: pa.Table | None) -> pa.Table:
    assert table
    return table.set_column(0, "key", table.column(0).cast(pa.string()))


def with_categories(table: pa.Table) -> pa.Table:
    return table.set_column(0, "key", table.column(0).dictionary_encode())
