"""Where models live."""

import os
from pathlib import Path


def model_registry_uri(root: Path) -> str:
    """MODEL_REGISTRY_URI, or a folder of this checkout."""
    if uri := os.environ.get("MODEL_REGISTRY_URI"):
        return uri
    folder = root / ".mlops/models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.as_uri()
