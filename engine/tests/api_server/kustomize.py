"""Overlays of infra/kubeflow as kustomize builds them."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).parents[3] / "infra/kubeflow"


def built(binaries: Path, overlay: Path) -> list[dict[str, Any]]:
    """The objects of an overlay's folder."""
    done = subprocess.run([binaries / "kustomize", "build", overlay], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"kustomize build {overlay}: {done.stderr}")
    return list(yaml.safe_load_all(done.stdout))


def documents(path: Path) -> list[dict[str, Any]]:
    """The objects of a file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def only(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The one object of a kind, or of a kind and name."""
    [found] = [each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])]
    return found
