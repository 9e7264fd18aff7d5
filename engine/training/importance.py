"""How much the error of a fitted model rises if one feature is shuffled among its newest training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.command_line.component_settings import FeatureSettings

if TYPE_CHECKING:  # the image of train_model has no documents, which judges read too
    from engine.documents.record import Importance

MOST_ROWS, MOST_DAYS, MOST_FEATURES = 10_000, 28, 50


def importance(model: Any, rows: pd.DataFrame, settings: FeatureSettings, seed: int) -> Importance:
    """Squared errors with each feature shuffled, less those without, summed by day: plain numbers.

    `rows` have the time, the label and the features. What is fitted to them says what the model relies on,
    not how good it is.
    """
    days = rows[settings["time"]].to_numpy("datetime64[D]")
    recent = np.flatnonzero(days > days.max() - np.timedelta64(MOST_DAYS, "D"))
    chosen = recent[np.linspace(0, len(recent) - 1, min(MOST_ROWS, len(recent))).astype(int)]
    features = rows[list(settings["columns"])].iloc[chosen]
    label = rows[settings["label"]["name"]].iloc[chosen].to_numpy(float)
    names, day = np.unique(days[chosen], return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(features))
    errors = squared_errors(model, features, label)
    rise = {}
    for name in list(settings["columns"])[:MOST_FEATURES]:
        shuffled = features.assign(**{name: features[name].iloc[order].set_axis(features.index)})
        rises = squared_errors(model, shuffled, label) - errors
        rise[name] = [float(f"{total:.6g}") for total in np.bincount(day, rises, len(names))]
    return {"rows": np.bincount(day, minlength=len(names)).tolist(), "rise": rise}


def squared_errors(model: Any, features: pd.DataFrame, label: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of probabilities, if the model gives them, or of numbers."""
    if hasattr(model, "predict_proba"):
        predicted = model.predict_proba(features) @ model.classes_.astype(float)
    else:
        predicted = model.predict(features)
    errors: NDArray[np.float64] = (label - predicted) ** 2
    return errors
