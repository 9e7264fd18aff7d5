"""Scores features with one model: all rows at once, or a batch of any size as a stream."""

import os
import time
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.exceptions import InconsistentVersionWarning
from threadpoolctl import threadpool_limits

from engine import command_line, tables
from engine.command_line.component_settings import FeatureSettings
from engine.scoring.batch import score_batches

MODEL_FILE = "model.joblib"


def score(model_folder: Path, settings: FeatureSettings, features: Path, target: Path) -> None:
    """Write the predictions of the parquet `features` to `target`; none from a folder with no model."""
    table = tables.read_table(features, [settings["key"], *settings["columns"]])
    file = model_folder / MODEL_FILE
    if file.exists():
        model = load_model(file)
    else:
        print("there is no model, so nothing is predicted")
        table = table.slice(0, 0)
    started = time.perf_counter()
    prediction = np.empty(0)
    if table.num_rows:
        with at_most(int(os.environ.get("OMP_NUM_THREADS") or 1)):
            prediction = predict(model, table.to_pandas(), settings)
    milliseconds = (time.perf_counter() - started) * 1e6 / max(table.num_rows, 1)

    predictions: dict[str, Any] = {
        settings["key"]: table[settings["key"]],
        "prediction": pa.array(prediction, pa.float64()),
    }
    metadata = {"milliseconds_per_1000_rows": f"{milliseconds:.3f}"}
    tables.write_table(pa.table(predictions), target, metadata)
    print(f"{table.num_rows} predictions, {milliseconds:.1f} ms for 1000 rows")


def predict_batch(
    model_folder: Path, settings: FeatureSettings, features: Path, version: str, target: Path, rejects: Path
) -> None:
    """Write predictions of rows that can be scored to `target`, the others with a reason to `rejects`."""
    # With one thread only, sums are the same on every machine: for the gate, that matters more than speed.
    threads = int(os.environ.get("OMP_NUM_THREADS") or joblib.cpu_count())
    model = load_model(model_folder / MODEL_FILE)
    with at_most(threads):
        scored, rejected = score_batches(
            features, lambda rows: predict(model, rows, settings), settings, version, target, rejects
        )
    print(f"{scored} predictions, {rejected} rejected rows")


def load_model(file: Path) -> Any:
    """The model, in the very libraries that it was trained with; others may predict otherwise, or fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(file)
        except InconsistentVersionWarning as error:
            raise command_line.SettingsError(
                f"{file}: {error}; score it in the image it was born in"
            ) from None
        except Exception as error:  # whatever bytes that are no model make pickle do
            raise command_line.WorldError(f"{file}: expected a model, found: {error}") from None


def at_most(threads: int) -> AbstractContextManager[object]:
    """So many threads for the libraries that are loaded by now."""
    return threadpool_limits(threads)


def predict(model: Any, rows: pd.DataFrame, settings: FeatureSettings) -> NDArray[np.float64]:
    """The probability of the positive class, or the value."""
    features = rows[list(settings["columns"])]
    try:
        if settings["label"]["type"] != "binary":
            return np.asarray(model.predict(features), np.float64)
        positive = list(model.classes_).index(1)
        return np.asarray(model.predict_proba(features)[:, positive], np.float64)
    except ValueError as error:
        raise command_line.SettingsError(
            f"the model does not fit these features: {' '.join(str(error).split())}"
        ) from None
