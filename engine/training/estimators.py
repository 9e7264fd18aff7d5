"""An estimator by its dotted name, and the preprocessing that makes features fit for it."""

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, cast

from sklearn.base import is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from engine.command_line import SettingsError, nearest
from engine.command_line.component_settings import Column, TrainingSettings
from engine.training.libraries import LIBRARIES, OWN, library_of


def make_estimator(training: TrainingSettings, label_type: str) -> Any:
    """The estimator with its parameters, seeded where it takes a seed."""
    name, parameters = training["estimator"], training["parameters"]
    factory = find_estimator(name)
    library = library_of(name)
    try:
        defaults = library.defaults(training["seed"]) if library else {}
        estimator: Any = factory(**(defaults | parameters))
    except TypeError as error:
        known = inspect.signature(factory).parameters
        hints = "".join(nearest(name, known) for name in parameters if name not in known)
        raise SettingsError(f"training.parameters: {error}{hints}") from None
    if not predicts(estimator, label_type):
        raise SettingsError(f"training.estimator: {name} does not predict a label of type {label_type}")
    if "random_state" not in parameters and "random_state" in getattr(estimator, "get_params", dict)():
        estimator.set_params(random_state=training["seed"])
    return estimator


def predicts(estimator: Any, label_type: str) -> bool:
    """Whether it predicts such a label; probabilities of a binary one."""
    if label_type == "binary":
        return bool(is_classifier(estimator)) and hasattr(estimator, "predict_proba")
    return bool(is_regressor(estimator))


def find_estimator(name: str) -> Callable[..., Any]:
    """The class of a known library by its dotted name, or the class or function of the user's own module."""
    module, _, own_name = name.rpartition(".")
    library = library_of(name)
    if library or module == OWN:
        factory = getattr(_imported(module, name), own_name, None)
        if callable(factory) and (module == OWN or hasattr(factory, "fit")):
            return cast("Callable[..., Any]", factory)
    raise SettingsError(
        f"training.estimator: expected an estimator of {', '.join(LIBRARIES)} or {OWN}, "
        f"like sklearn.linear_model.LogisticRegression, found {name!r}{nearest(name, public_names())}"
    )


def _imported(module: str, name: str) -> ModuleType | None:
    """None if a library has no such module. The user's own may fail by whatever it does when imported."""
    library = library_of(name)
    try:
        return importlib.import_module(module)
    except Exception as error:
        if library and getattr(error, "name", None) == library.root:
            raise SettingsError(f"training.estimator: {library.missing(name)}") from None
        if library:
            return None
        failure = " ".join(f"{type(error).__name__}: {error}".split())
        raise SettingsError(
            f"training.estimator: expected {module} to be imported, found {failure}"
        ) from None


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
