"""Tests of results.py: where a run leaves what it found."""

from pathlib import Path

import pytest

from engine.reporting.results import own_folder, write_results


@pytest.mark.parametrize(
    ("uri", "run", "expected"),
    [
        ("s3://results/flights", "abc", "s3://results/flights"),
        ("s3://results/flights/", "abc", "s3://results/flights/abc"),
        ("s3://results/flights/", "", "s3://results/flights"),
        ("", "abc", ""),
    ],
)
def test_a_run_has_a_folder_of_its_own_below_one_that_ends_with_a_slash(
    uri: str, run: str, expected: str
) -> None:
    assert own_folder(uri, run) == expected


def test_results_are_at_the_task_and_where_scripts_read_them(tmp_path: Path) -> None:
    write_results({"verdict.json": (tmp_path / "verdict", "{}\n")}, (tmp_path / "results").as_uri())
    assert (tmp_path / "verdict").read_text() == (tmp_path / "results/verdict.json").read_text() == "{}\n"


def test_results_of_no_folder_are_at_the_task_alone(tmp_path: Path) -> None:
    write_results({"verdict.json": (tmp_path / "verdict", "{}\n")}, "")
    assert [path.name for path in tmp_path.iterdir()] == ["verdict"]
