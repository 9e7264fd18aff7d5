"""Checks estimator and parameters by the locks and by scikit-learn itself, before a run starts."""

import inspect
import re
from importlib.metadata import version
from typing import Any

from engine.command_line import SettingsError, nearest
from engine.command_line.component_settings import TrainingSettings
from engine.command_line.typed_json import checked
from engine.gate.model_code import SETTINGS_FILE, ModelCode
from engine.training.libraries import OWN, library_of

LOCK = "components/train_model/requirements.txt"
LOCKS = [LOCK, *(f"components/{name}/requirements.txt" for name in ("score_model", "serve_model"))]
REFUSED = re.compile(
    r"The '(?P<name>.+)' parameter of (?P<of>\S+) must be (?P<expected>.+)\. Got (?P<found>.+) instead\.",
    re.S,
)


def check_estimator(code: ModelCode) -> None:
    """SettingsError if training would refuse the estimator or a parameter, or a lock lacks its library.

    Parameters are checked if `code` locks the version that this environment has: else its own image decides.
    """
    training = checked(TrainingSettings, code.settings.training.model_dump())
    try:
        _check_locks(code, training["estimator"])
        if _locked("scikit-learn", code, LOCK) == version("scikit-learn"):
            _check(training, code.settings.label.type)
    except SettingsError as error:
        raise SettingsError(f"{SETTINGS_FILE}: {error}") from None


def _check_locks(code: ModelCode, estimator: str) -> None:
    library = library_of(estimator)
    for lock in LOCKS:
        if library and lock in code.source.paths and not _locked(library.distribution, code, lock):
            raise SettingsError(f"training.estimator: {lock}: {library.missing(estimator)}")


def _locked(distribution: str, code: ModelCode, lock: str) -> str | None:
    """The version that `lock` pins; None if there is none."""
    content = code.source.read([lock])[lock].content.decode()
    pin = re.search(rf"^{re.escape(distribution)}==(\S+)", content, re.M)
    return pin and pin[1]


def _check(training: TrainingSettings, label_type: str) -> None:
    from engine.training.estimators import find_estimator, make_estimator

    library, module = library_of(training["estimator"]), training["estimator"].rpartition(".")[0]
    if module == OWN or (library and library.root != "sklearn"):
        return  # what it imports is in the image, not in this environment
    known = inspect.signature(find_estimator(training["estimator"])).parameters
    for name in training["parameters"]:
        if name not in known:
            hint = nearest(name, known) or f"; it has {', '.join(known)}"
            raise SettingsError(
                f"training.parameters: expected parameters of {training['estimator']}, found {name}{hint}"
            )
    _check_values(make_estimator(training, label_type))


def _check_values(estimator: Any) -> None:
    from sklearn.utils._param_validation import InvalidParameterError

    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        match = REFUSED.fullmatch(str(error))
        if not match:
            raise SettingsError(f"training.parameters: {error}") from None
        raise SettingsError(
            f"training.parameters.{match['name']}: expected {match['expected']}, found {match['found']};"
            f" change it to a value that {match['of']} accepts"
        ) from None
