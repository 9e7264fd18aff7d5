"""A benchmark whose goal is missed ends with status 1."""

import pytest

from bench import bench_features, bench_orchestration, bench_statistics


@pytest.mark.parametrize(("seconds", "status"), [(1.5, 0), (1.51, 1)])
def test_the_gate_takes_at_most_half_more_than_one_process(seconds: float, status: int, capsys) -> None:
    assert bench_orchestration.compare([9.0, seconds, 0.1], [1.0, 1.0, 1.0]) == status
    assert f"ratio (goal: at most 1.5)           {seconds:.2f}" in capsys.readouterr().out


@pytest.mark.parametrize(("least", "status"), [(0, 0), (10**9, 1)])
def test_statistics_are_as_much_faster_than_scipy_as_they_have_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys, least: int, status: int
) -> None:
    for name, value in {"ROWS": 2000, "CHECK_ROWS": 200, "CHECK_RESAMPLES": 20, "LEAST": least}.items():
        monkeypatch.setattr(bench_statistics, name, value)
    monkeypatch.setattr("sys.argv", ["bench_statistics"])
    assert bench_statistics.main() == status
    assert f"goal: at least {least:,}x" in capsys.readouterr().out


@pytest.mark.parametrize(("goal", "status"), [(0, 1), (10**9, 0)])
def test_a_rolling_feature_takes_at_most_as_long_as_it_may(
    monkeypatch: pytest.MonkeyPatch, goal: int, status: int
) -> None:
    for name, value in {"ROWS": 2000, "GROUPS": 5, "TURNS": 1, "GOAL": goal}.items():
        monkeypatch.setattr(bench_features, name, value)
    monkeypatch.setattr("sys.argv", ["bench_features"])
    assert bench_features.main() == status
