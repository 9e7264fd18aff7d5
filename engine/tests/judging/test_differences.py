"""What a difference is made of: paired rows, their clusters and classes, and only the rows in question."""

from dataclasses import replace

import numpy as np
import pytest

from engine.judging.differences import difference, enough_clusters, estimate, measure, subset
from engine.judging.inputs import Invalid
from engine.judging.statistics import Estimate, SerialCorrelation
from engine.metrics.metric import Metric
from engine.metrics.metrics import METRICS
from engine.tests.paired_rows import MAE, paired_rows

ROWS = paired_rows([-3.0, 1.0], [2.0, 4.0], [1.0, 1.0], origin=("EWR", "LGA") * 3)


def test_a_difference_is_paired_by_row_and_positive_where_the_candidate_is_better() -> None:
    figures, found = difference(METRICS["mae"], ROWS, "control", 0.9)

    assert figures == {
        "rows": 6,
        "clusters": 3,
        "effective_clusters": 3.0,
        "rarer_class_rows": None,
        "candidate_value": 7.0,
        "reference_value": 8.0,
        "difference": 1.0,
        "lower": found.lower,
        "upper": found.upper,
        "standard_error": found.standard_error,
    }
    assert found.value - found.lower == pytest.approx(found.upper - found.value)
    assert found.standard_error == pytest.approx(np.sqrt(2 / 3 * (4**2 + 4**2)) / 4)
    assert found.lower == pytest.approx(
        1 - 2.919985580 * found.standard_error
    )  # t of 2 degrees, one-sided 95%


def test_a_shown_interval_is_cut_at_the_bounds_and_the_judged_one_is_not() -> None:
    rows = replace(paired_rows([0.0] * 2, [0.0] * 2), label=np.array([1.0, 0.0, 1.0, 0.0]))
    predictions = {"candidate": np.array([1.0, 0.0, 1.0, 0.0]), "control": np.array([1.0, 0.0, 0.0, 1.0])}

    figures, found = difference(METRICS["accuracy"], replace(rows, predictions=predictions), "control", 0.95)

    assert (figures["difference"], figures["lower"], figures["upper"]) == (0.5, -1.0, 1.0)
    assert found.lower < -1
    assert found.upper > 1


def test_days_in_sequence_may_foretell_the_next_and_clusters_side_by_side_do_not() -> None:
    days = paired_rows(*([each] for each in (3.0, 2.0, 1.0, -1.0, -2.0, -3.0)), in_sequence=True)

    _, in_sequence = difference(METRICS["mae"], days, "control", 0.95)
    _, side_by_side = difference(METRICS["mae"], replace(days, in_sequence=False), "control", 0.95)

    assert in_sequence.serial_correlation is not None
    assert in_sequence.serial_correlation.autocorrelation > 0.5
    assert in_sequence.standard_error > side_by_side.standard_error
    assert side_by_side.serial_correlation is None


@pytest.mark.parametrize(
    ("labels", "rarer"),
    [([0, 0, 0, 1], 1), ([1, 0, 1, 1], 1), ([0, 0, 0, 0], 0), ([0, 1, 2, 1], None), ([1, 1, 0.5, 0], None)],
)
def test_labels_are_classes_if_all_are_0_or_1(labels: list[float], rarer: int | None) -> None:
    rows = replace(paired_rows([0.0, 0.0], [0.0, 0.0]), label=np.array(labels, dtype=float))

    assert estimate(0.0, np.zeros(4), rows, 0.95).rarer_class_rows == rarer


def test_the_minimum_of_effective_clusters_is_enough() -> None:
    found = Estimate(0.0, -1.0, 1.0, 0.5, 100, 12, None, 10.0, 9.0)

    assert enough_clusters(found, MAE | {"minimum_clusters": 10})
    assert not enough_clusters(replace(found, effective_clusters=9.99), MAE | {"minimum_clusters": 10})


def test_a_short_series_is_enough_only_if_correlation_is_ruled_out() -> None:
    correlated, ruled_out = (SerialCorrelation(0.1, p_value, 1.3) for p_value in (0.399, 0.4))
    found = Estimate(0.0, -1.0, 1.0, 0.5, 100, 19, correlated, 19.0, 18.0)

    assert not enough_clusters(found, MAE)
    assert enough_clusters(replace(found, serial_correlation=ruled_out), MAE)
    assert enough_clusters(replace(found, clusters=20), MAE)


def test_a_metric_without_a_finite_value_is_invalid_and_says_whose() -> None:
    mae = METRICS["mae"]
    broken = Metric("mae", "MAE", mae.direction, mae.label_types, lambda label, _: (np.nan, label))

    with pytest.raises(Invalid, match=r"^the control's MAE is nan$"):
        measure(broken, ROWS, "control")
    with pytest.raises(Invalid, match=r"^ROC AUC needs both classes, found 6 positive and 0 negative rows$"):
        measure(METRICS["roc_auc"], ROWS, "control")


def test_a_subset_keeps_all_that_is_known_of_its_rows() -> None:
    rows = replace(ROWS, label=np.arange(6.0), in_sequence=True)

    part = subset(rows, np.array([True, False, False, True, False, True]))

    assert part.label.tolist() == [0, 3, 5]
    assert part.time.tolist() == rows.time[[0, 3, 5]].tolist()
    assert part.cluster.tolist() == [0, 1, 2]
    names, codes = part.slices["origin"]
    assert [names[code] for code in codes] == ["EWR", "LGA", "LGA"]
    assert {name: values.tolist() for name, values in part.predictions.items()} == {
        name: values[[0, 3, 5]].tolist() for name, values in rows.predictions.items()
    }
    assert part.in_sequence
