"""Trains one model on the labelled rows of a window, and describes how it came to be."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from engine import command_line, sketches, tables
from engine.command_line.component_settings import FeatureSettings, TrainingSettings
from engine.tables.snapshots import Snapshot
from engine.training.estimators import make_estimator, make_pipeline
from engine.training.golden_requests import golden
from engine.training.importance import importance
from engine.training.libraries import threads, versions, without_chance
from engine.training.thresholds import best_threshold

if TYPE_CHECKING:  # the image of train_model has no documents, which judges read too
    from engine.documents.record import Constants, TrainingRecord

NEWEST_SHARE = 0.25
QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def train(
    features: Path,
    training: TrainingSettings,
    settings: FeatureSettings,
    model_folder: Path,
    record_file: Path,
) -> None:
    """Fit the estimator of `training` to the parquet `features`.

    `model_folder` gets the model, sketches of its features and golden requests; `record_file` how it was
    trained.
    """
    estimator = make_estimator(training, settings["label"]["type"])
    label = settings["label"]["name"]
    table = tables.read_table(features, [settings["time"], label, *settings["columns"]])
    table = table.filter(table[label].is_valid())
    rows = table.to_pandas().dropna(subset=label)
    if rows.empty:
        raise command_line.SettingsError(f"{features}: expected rows with a label, found none")
    started = time.monotonic()
    model = fit(estimator, training, rows, settings)
    print(f"trained on {len(rows)} rows in {time.monotonic() - started:.1f} s")
    without_chance(model[-1])

    with tables.written_whole(model_folder) as folder:
        folder.mkdir()
        joblib.dump(model, folder / "model.joblib")
        sketched = {name: sketches.sketch(table[name]) for name in settings["columns"]}
        sketches_sha256 = sketches.write(sketched, folder / sketches.FILE)
        write_golden(model, rows[list(settings["columns"])], folder / "golden.json")
    snapshot = tables.snapshot(table)
    record = describe(training, settings, rows[label], snapshot, model_folder / "model.joblib")
    with fixed_threads():
        record["importance"] = importance(model, rows, settings, training["seed"])
    if names := training.get("thresholds"):
        record["thresholds"] = choose_thresholds(names, training, rows, settings)
    record["sketches_sha256"] = sketches_sha256
    if (written := model_folder / "golden.json").exists():
        record["golden_sha256"] = tables.file_sha256(written)
    tables.write_json(record, record_file)


def fixed_threads() -> threadpool_limits:
    """The threads of NumPy and scikit-learn; other libraries get their number as a parameter."""
    return threadpool_limits(threads())


def choose_thresholds(
    names: list[str], training: TrainingSettings, rows: pd.DataFrame, settings: FeatureSettings
) -> dict[str, float]:
    """The best threshold of each metric on the newest quarter of the rows, for a model of the older ones.

    None if either part has rows of one class alone: such a model decides at one half.
    """
    time, label = settings["time"], settings["label"]["name"]
    is_new = rows[time] >= rows[time].quantile(1 - NEWEST_SHARE, interpolation="higher")
    older, newer = rows[~is_new], rows[is_new]
    if min(older[label].nunique(), newer[label].nunique()) < 2:
        print(f"no thresholds for {', '.join(names)}: expected both classes before and after a cut in time")
        return {}
    model = fit(make_estimator(training, settings["label"]["type"]), training, older, settings)
    with fixed_threads():
        prediction = model.predict_proba(newer[list(settings["columns"])])[:, 1]
    return {name: best_threshold(name, newer[label].to_numpy(float), prediction) for name in names}


def fit(estimator: Any, training: TrainingSettings, rows: pd.DataFrame, settings: FeatureSettings) -> Any:
    model = make_pipeline(estimator, training["categories"], settings["columns"])
    kind = np.int8 if settings["label"]["type"] == "binary" else np.float64
    try:
        with fixed_threads():
            return model.fit(rows[list(settings["columns"])], rows[settings["label"]["name"]].to_numpy(kind))
    except (ValueError, TypeError) as error:
        raise command_line.SettingsError(
            f"{type(model[-1]).__name__} cannot be trained: {' '.join(str(error).split())}"
        ) from None


def write_golden(model: Any, features: pd.DataFrame, path: Path) -> None:
    try:
        path.write_text(json.dumps(golden(model, features), allow_nan=False) + "\n")
    except (TypeError, ValueError) as error:
        print(f"no golden requests, so this model cannot be deployed to a server: {error}")


def constants(label: pd.Series[Any], label_type: str) -> Constants:
    """The predictions that suit some metric best, if all are equal."""
    constants: Constants = {"mean": float(label.mean()), "median": float(label.median())}
    if label_type != "binary":
        numbers = label.to_numpy(float)
        constants["quantiles"] = {f"{level:g}": float(np.quantile(numbers, level)) for level in QUANTILES}
    return constants


def describe(
    training: TrainingSettings,
    settings: FeatureSettings,
    label: pd.Series[Any],
    snapshot: Snapshot,
    model: Path,
) -> TrainingRecord:
    return {
        "estimator": training["estimator"],
        "parameters": training["parameters"],
        "seed": training["seed"],
        "categories": training["categories"],
        "features": list(settings["columns"]),
        "label": {**settings["label"], **constants(label, settings["label"]["type"])},
        "rows": len(label),
        "training_window": {"start": snapshot.get("start"), "end": snapshot.get("end")},
        "data_sha256": snapshot.get("sha256"),
        "libraries": {"python": platform.python_version(), **dict(versions())},
        "model_sha256": tables.file_sha256(model),
        "model_bytes": model.stat().st_size,
    }
