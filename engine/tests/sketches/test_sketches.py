"""Sketches: exact at their points, small, and the parts' counts are those of the whole."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine import sketches
from engine.command_line import WorldError
from engine.sketches import Categories, Numbers, counted, merged, psi, sketch

RANDOM = np.random.default_rng(5)
CARRIERS = pa.chunked_array([["UA", "B6", None, "UA", "(missing)"] * 100])


def numbers(count: int = 100_000, shift: float = 0.0) -> np.ndarray:
    return RANDOM.normal(shift, 1, count)


def exact_ks(one: np.ndarray, other: np.ndarray) -> float:
    values = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(each), values, side="right") / len(each) for each in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


@pytest.mark.parametrize("shift", [0.0, 0.05, 3.0])
def test_ks_is_that_of_all_rows(shift: float) -> None:
    usual, batch = numbers(), numbers(shift=shift)
    reference = Numbers.of(usual)
    found, exact = reference.ks(reference.counted(batch)), exact_ks(usual, batch)
    assert exact - 5e-4 < found <= exact + 1e-12


def test_numbers_of_few_values_are_exact() -> None:
    usual, batch = (RANDOM.poisson(rate, 50_000).astype(float) for rate in (4, 5))
    reference = Numbers.of(usual)
    assert reference.ks(reference.counted(batch)) == pytest.approx(exact_ks(usual, batch), abs=1e-12)


def test_parts_add_up_to_the_whole_in_any_order() -> None:
    reference, batch = Numbers.of(numbers()), numbers(30_000, 0.2)
    batch[::7] = np.nan
    parts = [reference.counted(part) for part in np.split(batch, [10, 10, 20_000])]
    whole = reference.counted(batch)
    for ordered in (parts, parts[::-1]):
        assert merged(ordered).document() == whole.document()
        assert psi(reference, merged(ordered)) == psi(reference, whole)
        assert reference.ks(merged(ordered)) == reference.ks(whole)

    usual = sketch(CARRIERS)
    pieces = [counted(usual, CARRIERS.slice(at, 100)) for at in range(0, 500, 100)]
    assert merged(pieces).document() == counted(usual, CARRIERS).document()


def test_sketches_at_other_points_do_not_add() -> None:
    with pytest.raises(ValueError, match="expected sketches at the same points"):
        _ = Numbers.of(numbers(100)) + Numbers.of(numbers(100))


def test_psi_is_that_of_deciles_with_what_is_missing_beside_them() -> None:
    usual, batch = numbers(), numbers(shift=0.5)
    edges = np.quantile(usual, np.arange(1, 10) / 10)
    shares = [np.bincount(np.searchsorted(edges, each), minlength=10) / len(each) for each in (usual, batch)]
    expected = float((shares[1] - shares[0]) @ np.log(shares[1] / shares[0]))
    reference = Numbers.of(usual)
    assert psi(reference, reference.counted(batch)) == pytest.approx(expected, rel=0.01)
    assert psi(reference, reference.counted(usual)) == 0
    assert psi(reference, reference.counted(np.where(usual > 1, np.nan, usual))) > 0.5


def test_a_category_keeps_its_most_frequent_values_and_counts_the_rest_together(monkeypatch) -> None:
    monkeypatch.setattr(sketches, "NAMES", 2)
    found = Categories.of(["a", "b", "c", "d"], np.array([0, 0, 0, 2, 2, 3, -1]))
    assert (found.names, found.counts.tolist(), found.others, found.missing) == (("a", "c"), [3, 2], 1, 1)
    later = found.counted(["new", "a"], np.array([0, 0, 1]))
    assert (later.counts.tolist(), later.others) == ([1, 0], 2)


def test_null_is_missing_and_no_name_of_a_value() -> None:
    found = sketch(CARRIERS)
    assert (found.names, found.missing) == (("(missing)", "B6", "UA"), 100)


def test_numbers_that_differ_in_late_digits_only_stay_apart() -> None:
    usual = 1e9 + RANDOM.uniform(size=5000)
    assert len(Numbers.of(usual).points) > 1000


@pytest.mark.parametrize("values", [[], [None], [float("nan"), float("inf")], [1.0]])
def test_few_or_no_values_are_no_error(values: list) -> None:
    column = pa.chunked_array([pa.array(values, pa.float64())])
    reference = sketch(column)
    batch = counted(reference, pa.chunked_array([[1.0, 2.0]]))
    assert reference.ks(batch) in (None, 0.5)
    assert np.isfinite(psi(reference, batch))


def test_stored_sketches_are_equal_and_small(tmp_path: Path) -> None:
    stored = {"carrier": sketch(CARRIERS), "x": Numbers.of(numbers())}
    first, again = (sketches.write(stored, tmp_path / name) for name in ("a", "b"))
    assert first == again
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_size < 10_000
    read = sketches.read(tmp_path / "a")
    assert {name: each.document() for name, each in read.items()} == {
        name: each.document() for name, each in stored.items()
    }


@pytest.mark.parametrize("content", [b"", b"not gzip", b"\x1f\x8b\x08"])
def test_invalid_sketches_are_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(WorldError, match="expected sketches of version 1, found"):
        sketches.read(tmp_path / "broken")
