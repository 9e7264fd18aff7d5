"""Estimators of other libraries and of the user: their parameters, and what is refused in one line."""

import sys
from types import ModuleType
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from engine.command_line import SettingsError
from engine.command_line.component_settings import TrainingSettings
from engine.training.estimators import make_estimator
from engine.training.libraries import without_chance


class Boosting(LogisticRegression):
    """Takes any parameters, as estimators of other libraries do."""

    def __init__(self, **parameters: Any):
        super().__init__()
        self.given = parameters


class Notes(Boosting):
    def get_metadata(self) -> dict[str, str]:
        return self.given


def training(estimator: str, **parameters: Any) -> TrainingSettings:
    return {"estimator": estimator, "parameters": parameters, "categories": "ordinal", "seed": 3}


def put(monkeypatch: pytest.MonkeyPatch, module: str, **members: Any) -> None:
    stand_in = ModuleType(module)
    vars(stand_in).update(members)
    monkeypatch.setitem(sys.modules, module, stand_in)


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("lightgbm", {"random_state": 3, "n_jobs": 1, "deterministic": True}),
        ("xgboost", {"random_state": 3, "n_jobs": 1}),
        ("catboost", {"random_seed": 3, "thread_count": 1, "allow_writing_files": False}),
    ],
)
def test_seed_and_threads_are_parameters_unless_the_settings_have_others(
    monkeypatch: pytest.MonkeyPatch, library: str, expected: dict[str, Any]
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    put(monkeypatch, library, Boosting=Boosting)

    made = make_estimator(training(f"{library}.Boosting", depth=4), "binary")
    other = make_estimator(training(f"{library}.Boosting", **dict.fromkeys(expected, 7)), "binary")

    assert expected.items() <= made.given.items()
    assert made.given["depth"] == 4
    assert dict.fromkeys(expected, 7).items() <= other.given.items()


def test_time_and_id_of_a_catboost_training_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Notes(model_guid="a1", train_finish_time="now", params="{}")
    without_chance(noted)
    assert noted.given["model_guid"] == "a1"

    monkeypatch.setattr(Notes, "__module__", "catboost.core")
    without_chance(noted)
    assert noted.given == {"model_guid": "", "train_finish_time": "", "params": "{}"}


def test_a_class_or_function_of_the_user_is_an_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"Own": LogisticRegression, "stiff": lambda alpha: Ridge(alpha=alpha)}
    put(monkeypatch, "components.estimators", **own)

    assert make_estimator(training("components.estimators.Own", C=0.5), "binary").random_state == 3
    assert make_estimator(training("components.estimators.stiff", alpha=2.0), "number").alpha == 2.0
    for name, label_type in (("Own", "number"), ("stiff", "binary")):
        parameters = {"alpha": 1.0} if name == "stiff" else {}
        with pytest.raises(SettingsError, match=f"does not predict a label of type {label_type}"):
            make_estimator(training(f"components.estimators.{name}", **parameters), label_type)


def test_a_module_of_the_user_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "components.estimators", None)
    with pytest.raises(SettingsError, match=r"expected components\.estimators to be imported, found Module"):
        make_estimator(training("components.estimators.Own"), "binary")


@pytest.mark.parametrize(
    ("library", "distribution"),
    [("lightgbm", "lightgbm"), ("xgboost", "xgboost-cpu"), ("catboost", "catboost")],
)
def test_a_library_that_is_not_installed_is_named_with_its_line(
    monkeypatch: pytest.MonkeyPatch, library: str, distribution: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    line = f"add the line {distribution} to components/train_model/requirements.in, then run make lock"
    with pytest.raises(SettingsError, match=f"expected {distribution} in the lock, .*; {line}"):
        make_estimator(training(f"{library}.Boosting"), "binary")


@pytest.mark.parametrize("name", ["os.path", "components.metrics.METRICS", "sklearn.metrics.f1_score"])
def test_nothing_else_is_an_estimator(name: str) -> None:
    with pytest.raises(SettingsError, match="expected an estimator of sklearn, lightgbm, xgboost, cat"):
        make_estimator(training(name), "binary")
