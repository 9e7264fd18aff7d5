"""Versions with golden requests and an image that serves them, small enough to make by the dozen."""

import hashlib
import json
from pathlib import Path
from typing import Any

from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import METADATA, model_folder, record_of, verdict_on

IMAGE = f"docker.io/you/flight-delays:serve_model-ab@sha256:{'5' * 64}"
SERVING: dict[str, Any] = {
    "namespace": "models",
    "name": "flight-delays",
    "mode": "standard",
    "gateway": "kserve/kserve-ingress-gateway",
    "replicas": 2,
    "resources": {"cpu": "1", "memory": "2Gi"},
    "storage": {"endpoint": "http://store.storage:8333", "region": "us-east-1", "credentials": "static"},
    "canary": {
        "steps": [10, 50],
        "pause_seconds": 60,
        "requests": 20,
        "maximum_error_share": 0.0,
        "maximum_p95_ms": 1000,
    },
    "timeout_seconds": 20,
}


def golden_of(content: str) -> dict[str, Any]:
    """What the model of these bytes answers."""
    probability = len(content) / 100
    expected = [
        {"name": "predict", "shape": [1, 1], "data": [0]},
        {"name": "predict_proba", "shape": [1, 2], "data": [1 - probability, probability]},
    ]
    inputs = [{"name": "distance", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]
    return {"request": {"inputs": inputs, "outputs": []}, "expected": expected}


def register_served(registry: ModelRegistry, parent: Path, content: str) -> str:
    """The version of a model of these bytes."""
    folder = model_folder(parent, content)
    golden = json.dumps(golden_of(content)).encode()
    (folder / "golden.json").write_bytes(golden)
    record = record_of(content) | {"golden_sha256": hashlib.sha256(golden).hexdigest(), "data_sha256": "da7a"}
    metadata = METADATA | {
        "code_sha": f"c0de{len(content)}",
        "images": METADATA["images"] | {"serve_model": IMAGE},
    }
    return registry.register(folder, record, verdict_on(content), metadata)


def answer_of(content: str) -> dict[str, Any]:
    return {"model_name": "flight-delays", "outputs": golden_of(content)["expected"]}
