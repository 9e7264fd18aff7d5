"""Tests of scripts/measure_margin.py: the seed's own noise, measured, and written on one line."""

import math
import re
from pathlib import Path

import pytest

from engine.tests.demo_files import DEMO_SETTINGS, put_back
from engine.tests.scripts.steps import ROOT, Step
from scripts.measure_margin import rounded_up

SETTINGS = DEMO_SETTINGS.read_text()
SMALL = {"training_days: 194": "training_days: 20", "evaluation_days: 49": "evaluation_days: 10"}
QUICK = {"max_iter: 100": "max_iter: 5"}
FIXED = {"early_stopping: false": "early_stopping: false, random_state: 0"}


def project(root: Path, changes: dict[str, str]) -> Path:
    text = SETTINGS
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (root / "components/build_features").mkdir(parents=True)
    put_back(root)
    (root / "mlops.yaml").write_text(text)
    (root / "demo").symlink_to(ROOT / "demo")
    return root


def test_the_margin_is_what_seeds_make_of_the_metric_and_written_on_its_line(tmp_path):
    file = project(tmp_path, SMALL | QUICK) / "mlops.yaml"
    before = file.read_text().splitlines()
    step = Step(tmp_path, "measure_margin", "--seeds", "3", "--write")
    assert step.status == 0, step.error
    metric = [float(value) for value in re.findall(r"^ +\d  (0\.\d+)$", step.printed, re.M)]
    assert len(metric) == 3
    margin = float(re.search(r"margin (\S+)", step.printed)[1])
    assert 0 < max(metric) - min(metric) - 2e-6 < margin
    assert margin == pytest.approx(max(metric) - min(metric), rel=0.11)
    (now,) = (new for old, new in zip(before, file.read_text().splitlines(), strict=True) if old != new)
    assert now.startswith(f"  margin: {margin} ")
    assert re.search(r" # 95% of 3 seeds' pairs within \S+ \(\d+ rows, as of 2013-09-02\)$", now)
    assert len(now) <= 110


def test_seeds_make_nothing_of_an_estimator_that_is_fixed(tmp_path):
    file = project(tmp_path, SMALL | QUICK | FIXED) / "mlops.yaml"
    before = file.read_bytes()
    step = Step(tmp_path, "measure_margin", "--seeds", "2", "--as-of", "2013-08-02")
    assert step.status == 0, step.error
    assert "within 0.000000: margin 0.0 (" in step.printed
    assert file.read_bytes() == before


def test_an_error_of_a_component_is_reported_with_its_status(tmp_path):
    project(tmp_path, {"max_iter: 100": "max_itter: 100"} | SMALL)
    step = Step(tmp_path, "measure_margin")
    assert step.status == 2
    assert step.error.startswith("error: train_model: training.parameters: ")
    assert len(step.error.splitlines()) == 1


@pytest.mark.parametrize("seeds", ["1", "-3", "many"])
def test_measure_margin_requires_two_seeds(tmp_path, seeds):
    step = Step(project(tmp_path, {}), "measure_margin", f"--seeds={seeds}")
    assert (step.status, "2 at least" in step.error) == (2, True)


@pytest.mark.parametrize(
    ("value", "margin"),
    [(0, 0), (0.001297, 0.0013), (0.00131, 0.0014), (0.0013, 0.0013), (0.0999, 0.1), (12.1, 13)],
)
def test_a_margin_has_two_digits_and_is_no_smaller(value, margin):
    assert math.isclose(rounded_up(value), margin)
