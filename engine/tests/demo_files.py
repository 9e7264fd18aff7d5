"""The demo that the tests use: its settings, features and metrics, which a copy replaces in the root."""

import importlib.util
import shutil
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


DEMO = {
    "mlops.yaml": ROOT / "demo/mlops.yaml",
    "components/build_features/features.py": ROOT / "demo/features.py",
    "components/metrics.py": ROOT / "demo/metrics.py",
}
DEMO_SETTINGS, DEMO_FEATURES, DEMO_METRICS = DEMO.values()


def put_back(root: Path) -> None:
    """The demo again in a copy of the project, whatever model the project is of."""
    for path, place in DEMO.items():
        shutil.copy(place, root / path)


@cache
def demo_features() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_features", DEMO_FEATURES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
