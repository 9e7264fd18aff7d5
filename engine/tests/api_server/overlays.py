"""Overlays of infra/kubeflow with a user's values, as kustomize builds them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).parents[3] / "infra/kubeflow"
REPOSITORY = {"OWNER_ID": "1", "REPOSITORY_ID": "2", "OWNER": "you", "REPOSITORY": "flight-delays"}


@dataclass(frozen=True)
class Overlays:
    kustomize: Path
    folder: Path

    def built(self, name: str) -> list[dict[str, Any]]:
        """The objects of an overlay."""
        command = [self.kustomize, "build", self.folder / name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"kustomize build {name}: {done.stderr}")
        return list(yaml.safe_load_all(done.stdout))


def filled_in(folder: Path) -> Path:
    """A copy of the overlays for the repository you/flight-delays, with keys of the stores."""
    shutil.copytree(OVERLAYS, folder)
    for example in folder.rglob("store.env.example"):
        shutil.copy(example, example.with_suffix(""))
    for path in folder.rglob("*.yaml"):
        text = path.read_text()
        for name, value in REPOSITORY.items():
            text = text.replace(name, value)
        path.write_text(text)
    return folder


def only(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The one object of a kind, or of a kind and name."""
    [found] = [each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"])]
    return found
