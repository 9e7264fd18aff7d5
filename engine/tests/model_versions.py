"""Models and verdicts that are small enough to make by the dozen."""

import hashlib
from pathlib import Path
from typing import Any

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.policies import POLICY

METADATA = {
    "code_sha": "c0de",
    "images": {"build_features": "features:1", "score_model": "score:1"},
    "feature_settings": {
        "rows": "flights",
        "key": "flight_id",
        "time": "departure",
        "label": {"name": "late", "type": "binary"},
        "columns": {"distance": {"type": "number"}},
    },
}
UNKNOWN = "0" * 64
"""An id that no version has."""


def model_folder(parent: Path, content: str) -> Path:
    """A folder with a model of these bytes."""
    folder = parent / f"model-{content}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.joblib").write_text(content)
    return folder


def record_of(content: str) -> dict[str, Any]:
    return {
        "estimator": "sklearn.linear_model.LogisticRegression",
        "parameters": {},
        "seed": 1,
        "categories": "one-hot",
        "features": ["distance"],
        "label": {"name": "late", "type": "binary", "mean": 0.3, "median": 0.0},
        "rows": 3,
        "training_window": {"start": "2013-05-01T00:00:00", "end": "2013-08-01T00:00:00"},
        "data_sha256": "da7a",
        "libraries": {"python": "3.11.7"},
        "model_sha256": hashlib.sha256(content.encode()).hexdigest(),
        "model_bytes": len(content),
    }


def verdict_on(content: str, champion: str = "", passed: bool = True) -> dict[str, Any]:
    """The gate's verdict on the model of these bytes, against this champion."""
    record = record_of(content)
    candidate = {
        "value": 0.7,
        "metrics": {"roc_auc": 0.7},
        "version": None,
        "milliseconds_per_1000_rows": None,
        **{name: record[name] for name in ("model_sha256", "model_bytes", "training_window")},
    }
    return {
        "schema_version": 1,
        "verdict": "BETTER" if passed else "WORSE",
        "passed": passed,
        "reason": "it was measured",
        "as_of": "2013-09-02",
        "rows": {
            "n": 3,
            "clusters": 1,
            "cluster": "day",
            "start": "2013-08-01T05:00:00",
            "end": "2013-08-01T23:00:00",
            "data_sha256": "da7a",
        },
        "metric": {"name": "roc_auc", "title": "ROC AUC", "direction": "higher is better"},
        "models": {"candidate": candidate}
        | ({"champion": candidate | {"version": champion}} if champion else {}),
        "comparisons": [],
        "findings": [],
        "warnings": [],
        "policy": POLICY,
        "provenance": {},
        "holdout_uses": 0,
    }


def register(registry: ModelRegistry, parent: Path, content: str) -> str:
    """The version of a model of these bytes."""
    return registry.register(model_folder(parent, content), record_of(content), verdict_on(content), METADATA)


def champion_of(registry: ModelRegistry) -> str | None:
    champion = registry.champion()
    return champion and champion["version"]
