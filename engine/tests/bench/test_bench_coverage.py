"""How often the gate's intervals are wrong, and whether the documented table is that of the benchmark."""

from pathlib import Path

import pytest

from bench.bench_coverage import cases, measure

TABLE = Path("docs/statistics.md").read_text().splitlines()
DECIDED = (
    "40 clusters by Zipf, 50%",
    "100 clusters by Zipf, 50%",
    "one of 60 clusters with 25% of the rows, 50%",
    "20 days, autocorrelation 0.4",
    "31 days, autocorrelation 0.4",
)


def documented() -> dict[str, list[float]]:
    """Shares of false BETTER, false WORSE, INCONCLUSIVE and power, in percent, by the name of the case."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TABLE
        if "%" in line and line[0] == "|"
    ]
    return {name: [float(share.rstrip("%")) for share in shares] for name, *shares in lines}


def test_the_table_lists_every_case_within_its_bound() -> None:
    table = documented()
    assert list(table) == [case.name for case in cases()]
    assert max(max(better, worse) for better, worse, *_ in table.values()) <= 3.5
    powers = [shares[3] for name, shares in table.items() if name.startswith(DECIDED)]
    assert len(powers) == len(DECIDED)
    assert min(powers) >= 64.5


@pytest.mark.parametrize("start", DECIDED)
def test_a_verdict_of_equal_models_is_rarely_false_and_of_a_better_one_mostly_right(start: str) -> None:
    (case,) = [case for case in cases() if case.name.startswith(start)]
    found = measure(case.draw, 1000)
    assert found.better + found.worse < 0.08
    assert found.undecidable == 0
    assert found.power > 0.6


@pytest.mark.parametrize(
    "start",
    [
        "average precision, 300",
        "F1, 300",
        "recall at 50% precision, 300",
        "Brier score, 300",
        "R2",
        "MAPE",
        "pinball loss",
        "Poisson deviance",
    ],
)
def test_a_metric_rarely_prefers_one_of_two_equal_models(start: str) -> None:
    (case,) = [case for case in cases() if case.name.startswith(start)]
    found = measure(case.draw, 500)
    assert found.better + found.worse < 0.06
    assert found.undecidable == 0
    assert found.power > 0.6


@pytest.mark.parametrize(
    "start",
    ["ROC AUC, 5 positives", "one of 10 clusters with 25%", "12 clusters", "16 clusters by Zipf"],
)
def test_too_few_effective_clusters_decide_nothing(start: str) -> None:
    case = next(case for case in cases() if case.name.startswith(start))
    assert measure(case.draw, 100).undecidable == 1


def test_short_series_decide_where_correlation_is_ruled_out() -> None:
    independent, correlated = (
        measure(case.draw, 500)
        for case in cases()
        if case.name in ("12 days, autocorrelation 0.0", "12 days, autocorrelation 0.4")
    )
    assert independent.undecidable < 0.5 < correlated.undecidable
    assert correlated.better + correlated.worse < 0.08
