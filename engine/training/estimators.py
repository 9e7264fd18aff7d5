"""Any estimator of scikit-learn by its dotted name, and the preprocessing that makes features fit for it."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from engine.command_line import SettingsError, nearest
from engine.command_line.component_settings import Column, TrainingSettings


def make_estimator(training: TrainingSettings, label_type: str) -> Any:
    """The estimator with its parameters, seeded where it takes a seed."""
    name = training["estimator"]
    estimator_class = find_class(name)
    fits: Callable[[Any], bool] = is_classifier if label_type == "binary" else is_regressor
    try:
        estimator: Any = estimator_class(**training["parameters"])
        if not fits(estimator) or (label_type == "binary" and not hasattr(estimator, "predict_proba")):
            raise SettingsError(f"training.estimator: {name} does not predict a label of type {label_type}")
    except TypeError as error:
        known = inspect.signature(estimator_class).parameters
        hints = "".join(nearest(name, known) for name in training["parameters"] if name not in known)
        raise SettingsError(f"training.parameters: {error}{hints}") from None
    if "random_state" in estimator.get_params() and "random_state" not in training["parameters"]:
        estimator.set_params(random_state=training["seed"])
    return estimator


def find_class(name: str) -> Callable[..., Any]:
    """The class behind `sklearn.<module>.<Class>`; nothing outside of scikit-learn is ever imported."""
    module, _, class_name = name.rpartition(".")
    if module.partition(".")[0] == "sklearn":
        try:
            estimator_class = getattr(importlib.import_module(module), class_name, None)
        except ImportError:
            estimator_class = None
        if isinstance(estimator_class, type) and hasattr(estimator_class, "fit"):
            return estimator_class
    raise SettingsError(
        f"training.estimator: expected an estimator like sklearn.linear_model.LogisticRegression, "
        f"found {name!r}{nearest(name, public_names())}"
    )


def public_names() -> list[str]:
    from sklearn.utils import all_estimators

    return [f"{estimator.__module__.partition('._')[0]}.{name}" for name, estimator in all_estimators()]


def make_pipeline(estimator: Any, categories: str, columns: dict[str, Column]) -> Pipeline:
    """Stock objects only, so that a stock model server loads what comes out.

    ordinal suits trees: each category a number. one-hot suits linear models: numbers are scaled, too.
    A category that training never saw is a value of its own (-1), or none of the known ones (all zeros).
    """
    encoder: OrdinalEncoder | OneHotEncoder
    numbers = Pipeline([("impute", SimpleImputer(strategy="median", keep_empty_features=True))])
    if categories == "ordinal":
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
        )
    else:
        encoder = OneHotEncoder(handle_unknown="ignore")
        numbers.steps.append(("scale", StandardScaler()))
    of_type = {
        kind: [name for name, column in columns.items() if column["type"] == kind]
        for kind in ("category", "number")
    }
    preprocessing = ColumnTransformer(
        [("categories", encoder, of_type["category"]), ("numbers", numbers, of_type["number"])]
    )
    return Pipeline([("preprocessing", preprocessing), ("estimator", estimator)])
