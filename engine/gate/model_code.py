"""The code that a model is born from, as a work tree or a commit has it: its settings and its images."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic.main import IncEx

from engine.command_line import SettingsError
from engine.images import images
from engine.images.images import TAG, Image
from engine.kubeflow.pipeline_compiler import read_references
from engine.settings import settings
from engine.settings.settings_schema import Settings, canonical_json
from engine.sources import Source

SETTINGS_FILE = "mlops.yaml"
PUSHED = re.compile(r"[^\s@]+:([^\s:@/]+)@sha256:[0-9a-f]{64}")
BORN_FROM = ("build_features", "train_model", "score_model")
"""The components whose code makes a model and its predictions what they are."""


@dataclass(frozen=True)
class ModelCode:
    settings: Settings
    images: dict[str, Image]
    source: Source

    def parameters(self, prefix: str = "") -> dict[str, str]:
        """The pipeline parameters that tell how to make and score this code's model."""
        references = {f"{name}_image": reference for name, reference in self.references().items()}
        return {f"{prefix}{name}": value for name, value in (self._written() | references).items()}

    def _written(self) -> dict[str, str]:
        return {
            "feature_settings": self.settings.feature_settings(),
            "training_settings": self.settings.training_settings(),
        }

    def references(self) -> dict[str, str]:
        """The images that the model is made and scored in."""
        return {name: self.images[name].reference for name in BORN_FROM}

    def fingerprint(self) -> str:
        """Equal if the models are equal byte for byte, given the same day, wherever their images lie."""
        rows: dict[str, IncEx | bool] = {
            "data": {"tables", "rows"},
            "label": {"matures_after_days"},
            "windows": True,
            "features": {"lead"},
        }
        made_of = self._written() | {name: self.images[name].hash for name in BORN_FROM}
        made_of |= self.settings.model_dump(mode="json", include=rows)
        return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()

    def data_settings(self) -> str:
        return self.settings.data_settings(self.source.root)

    def fallback(self) -> str:
        """The answer of `resolve_model` if there is no champion: this code, which then scores no rows."""
        images = {f"{name}_image": self.images[name].reference for name in ("build_features", "score_model")}
        return canonical_json(images | {"feature_settings": json.loads(self.settings.feature_settings())})


def published(code: ModelCode, file: Path, names: Iterable[str]) -> ModelCode:
    """`code` with the images of the components `names` where they were pushed to, as record_images wrote."""
    references = read_references(file)
    changed = {name: _published(code.images[name], references.get(name), file) for name in names}
    return replace(code, images=code.images | changed)


def _published(image: Image, reference: str | None, file: Path) -> Image:
    here = f"{file}: {image.component}: expected an image {image.component}-{image.hash} by its digest"
    if reference is None:
        raise SettingsError(f"{here}, found none; is it of another checkout?")
    match = PUSHED.fullmatch(reference)
    tag = match and TAG.fullmatch(match[1])
    if not tag or (tag[1], tag[2]) != (image.component, image.hash):
        raise SettingsError(f"{here}, found {reference}; is it of another checkout?")
    return replace(image, reference=reference)


def read(source: Source, root: Path | None = None) -> ModelCode:
    """The code in `source`, its images staged in the store of `root` (default: the source's own)."""
    needed = [f"components/{name}/Dockerfile" for name in BORN_FROM]
    for path in (SETTINGS_FILE, *needed):
        if path not in source.paths:
            raise SettingsError(f"{path}: expected it in {source}, found no such file")
    content = source.read([SETTINGS_FILE])[SETTINGS_FILE].content
    return ModelCode(settings.parse(content, SETTINGS_FILE), images.stage_all(source, root=root), source)
