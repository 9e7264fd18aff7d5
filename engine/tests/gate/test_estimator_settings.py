"""Tests that scikit-learn's own checks refuse an estimator or a parameter before any task runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import SettingsError
from engine.gate import model_code
from engine.gate.estimator_settings import LOCKS, check_estimator
from engine.gate.model_code import ModelCode
from engine.sources import File, WorkTree
from engine.tests.project import ROOT, Project

BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"
FOREST = "sklearn.ensemble.RandomForestRegressor"


@pytest.fixture(scope="module")
def code() -> ModelCode:
    return model_code.read(WorkTree(ROOT))


def with_training(code: ModelCode, estimator: str, parameters: dict[str, Any]) -> ModelCode:
    training = code.settings.training.model_copy(update={"estimator": estimator, "parameters": parameters})
    return replace(code, settings=code.settings.model_copy(update={"training": training}))


@pytest.mark.parametrize(
    ("estimator", "parameters", "message"),
    [
        (
            "sklearn.ensemble.HistGradientBoostingClasifier",
            {},
            rf"training\.estimator: .*did you mean {BOOSTING}",
        ),
        ("os.path", {}, r"training\.estimator: expected an estimator of sklearn"),
        (FOREST, {}, r"training\.estimator: .* does not predict a label of type binary"),
        (BOOSTING, {"max_itr": 5}, r"training\.parameters: .*found max_itr; did you mean max_iter\?"),
        (BOOSTING, {"zzz": 5}, r"found zzz; it has loss, learning_rate, max_iter"),
        (
            BOOSTING,
            {"max_iter": 0},
            r"training\.parameters\.max_iter: expected an int in the range \[1, inf\), found 0; change it",
        ),
        (BOOSTING, {"categorical_features": 3.5, "loss": "mae"}, r"training\.parameters\."),
    ],
)
def test_check_estimator_refuses_what_training_would(
    code: ModelCode, estimator: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^mlops\.yaml: .*{message}") as refused:
        check_estimator(with_training(code, estimator, parameters))
    assert "\n" not in str(refused.value)


def test_check_estimator_passes_the_projects_own(code: ModelCode) -> None:
    check_estimator(code)


def test_another_locked_scikit_learn_decides_itself(code: ModelCode, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = with_training(code, BOOSTING, {"of_a_newer_release": 1})
    lock = dict.fromkeys(LOCKS, File(b"scikit-learn==99.0.0 \\\n", executable=False))
    monkeypatch.setattr(wrong.source, "read", lambda paths: lock)
    check_estimator(wrong)


@pytest.mark.parametrize("lacking", LOCKS)
def test_a_library_must_be_in_each_lock(
    code: ModelCode, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boosting = with_training(code, "lightgbm.LGBMClassifier", {"n_estimators": 5})
    full, old = (File(content, executable=False) for content in (b"lightgbm==4.7.0 \\\n", b"numpy==2.4.6\n"))
    locks = dict.fromkeys(LOCKS, full)
    monkeypatch.setattr(boosting.source, "read", lambda paths: locks)
    check_estimator(boosting)

    locks[lacking] = old
    line = "add the line lightgbm to components/train_model/requirements.in, then run make lock"
    with pytest.raises(SettingsError, match=rf"^mlops.yaml: training.estimator: {lacking}: .*; {line}$"):
        check_estimator(boosting)


@pytest.mark.parametrize("script", ["gate", "train"])
def test_command_ends_before_any_run(project: Project, script: str) -> None:
    project.edit("mlops.yaml", ("max_iter: 100", "max_iter: 0"))
    project.commit()
    done = project.run(script, RESULTS_URI=(project.root / "results").as_uri())
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "mlops.yaml: training.parameters.max_iter: expected an int" in done.stderr
    assert not Path(project.root, ".mlops/kfp").exists()
