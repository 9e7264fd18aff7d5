"""Checks estimator and parameters by scikit-learn itself, before a run starts that would fail on them."""

import inspect
import re
from importlib.metadata import version
from typing import Any

from engine.command_line import SettingsError, nearest
from engine.command_line.component_settings import TrainingSettings
from engine.command_line.typed_json import checked
from engine.gate.model_code import SETTINGS_FILE, ModelCode

LOCK = "components/train_model/requirements.txt"
REFUSED = re.compile(
    r"The '(?P<name>.+)' parameter of (?P<of>\S+) must be (?P<expected>.+)\. Got (?P<found>.+) instead\.",
    re.S,
)


def check_estimator(code: ModelCode) -> None:
    """SettingsError if training would refuse the estimator or a parameter. Nothing is checked if `code`
    locks another version of scikit-learn than this environment has: its own image decides then."""
    locked = code.source.read([LOCK])[LOCK].content.decode()
    if not re.search(rf"^scikit-learn=={re.escape(version('scikit-learn'))}\s", locked, re.M):
        return
    try:
        _check(checked(TrainingSettings, code.settings.training.model_dump()), code.settings.label.type)
    except SettingsError as error:
        raise SettingsError(f"{SETTINGS_FILE}: {error}") from None


def _check(training: TrainingSettings, label_type: str) -> None:
    from engine.training.estimators import find_class, make_estimator

    known = inspect.signature(find_class(training["estimator"])).parameters
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
