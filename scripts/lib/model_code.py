"""The code that a model is born from, as a work tree or a commit has it: its settings and its images."""

import hashlib
import json
from dataclasses import dataclass

from scripts.lib import images, settings
from scripts.lib.images import Image
from scripts.lib.settings import Settings
from scripts.lib.settings_schema import canonical_json
from scripts.lib.sources import Source

SETTINGS_FILE = "mlops.yaml"
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
        written = {
            "feature_settings": self.settings.feature_settings(),
            "training_settings": self.settings.training_settings(),
        }
        return {f"{prefix}{name}": value for name, value in (written | references).items()}

    def references(self) -> dict[str, str]:
        """The images that the model is made and scored in."""
        return {name: self.images[name].reference for name in BORN_FROM}

    def fingerprint(self) -> str:
        """Equal where the models are equal byte for byte, given the same day."""
        made_of = self.parameters() | {"data_settings": self.data_settings()}
        return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()

    def data_settings(self) -> str:
        return self.settings.data_settings(self.source.root)

    def fallback(self) -> str:
        """What `resolve_model` answers where there is no champion: this code, which then scores no rows."""
        images = {f"{name}_image": self.images[name].reference for name in ("build_features", "score_model")}
        return canonical_json(images | {"feature_settings": json.loads(self.settings.feature_settings())})


def read(source: Source) -> ModelCode:
    """The code in `source`, its images staged."""
    content = source.read([SETTINGS_FILE])[SETTINGS_FILE].content
    return ModelCode(settings.parse(content, SETTINGS_FILE), images.stage_all(source), source)
