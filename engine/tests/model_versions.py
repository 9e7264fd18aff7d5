"""Models and verdicts that are small enough to make by the dozen."""

import hashlib
from pathlib import Path
from typing import Any

from engine.model_registry.model_registry import ModelRegistry

METADATA = {
    "code_sha": "c0de",
    "images": {"build_features": "features:1", "score_model": "score:1"},
    "feature_settings": {"rows": "flights"},
}


def model_folder(parent: Path, content: str) -> Path:
    """A folder with a model of these bytes."""
    folder = parent / f"model-{content}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.joblib").write_text(content)
    return folder


def record_of(content: str) -> dict[str, Any]:
    return {"model_sha256": hashlib.sha256(content.encode()).hexdigest(), "rows": 3}


def verdict_on(content: str, champion: str = "", passed: bool = True) -> dict[str, Any]:
    """The gate's verdict on the model of these bytes, against this champion."""
    candidate = {"model_sha256": record_of(content)["model_sha256"], "metrics": {"roc_auc": 0.7}}
    return {
        "schema_version": 1,
        "verdict": "BETTER" if passed else "WORSE",
        "passed": passed,
        "reason": "it was measured",
        "as_of": "2013-09-02",
        "rows": {"n": 3, "data_sha256": "da7a"},
        "models": {"candidate": candidate, "champion": {"version": champion} if champion else None},
    }


def register(registry: ModelRegistry, parent: Path, content: str) -> str:
    """The version of a model of these bytes."""
    return registry.register(model_folder(parent, content), record_of(content), verdict_on(content), METADATA)
