"""What tasks do with the model registry: each reads files, asks the registry, and leaves files."""

import json
from datetime import date
from pathlib import Path
from typing import TypedDict

from engine.command_line import SettingsError
from engine.command_line.component_settings import FeatureSettings
from engine.documents import files
from engine.documents.record import TrainingRecord
from engine.documents.verdict import Verdict
from engine.documents.version import Metadata
from engine.model_registry.model_registry import ModelRegistry


class Fallback(TypedDict, total=False):
    """The base's images and feature settings, for a model that has no champion; empty: it must have one."""

    build_features_image: str
    score_model_image: str
    feature_settings: FeatureSettings


def resolve(
    registry: ModelRegistry,
    alias: str,
    fallback: Fallback,
    as_of: date,
    model: Path,
    version: Path,
    history: Path,
    build_features_image: Path,
    score_model_image: Path,
    feature_settings: Path,
    digest: Path,
    day: Path,
) -> None:
    """Hand out the model behind an alias with what scores it; without one, the fallback's."""
    day.write_text(as_of.isoformat())
    resolved = registry.champion() if alias == "champion" else registry.version(alias)
    model.mkdir(parents=True, exist_ok=True)
    if resolved:
        registry.fetch(resolved["version"], model)
        features_image, score_image = resolved["images"]["build_features"], resolved["images"]["score_model"]
        settings = resolved["feature_settings"]
        print(f"{registry.name}: {alias} is {resolved['version']}, made {resolved['created']}")
    elif not fallback:
        raise SettingsError(f"{registry.name}: expected a {alias}, found none; promote a model first")
    else:
        features_image, score_image = fallback["build_features_image"], fallback["score_model_image"]
        settings = fallback["feature_settings"]
        print(f"{registry.name}: there is no champion yet")
    version.write_text(_json(resolved or {"version": None}))
    history.write_text(_json(registry.history()))
    digest.write_text(resolved["version"] if resolved else "")
    build_features_image.write_text(features_image)
    score_model_image.write_text(score_image)
    feature_settings.write_text(_json(settings))


def register(
    registry: ModelRegistry, model: Path, record: Path, verdict: Path, metadata: Metadata, version: Path
) -> None:
    """Keep a model as a version; the same model again is the same version."""
    registered = registry.register(
        model, files.read(record, TrainingRecord), files.read(verdict, Verdict), metadata
    )
    version.write_text(registered)
    print(f"{registry.name}: registered {registered}")


def promote(registry: ModelRegistry, version: str, expected: str, verdict: Path) -> None:
    """Make a version the champion, if the gate passed it against the current champion."""
    move = registry.promote(version, expected, files.read(verdict, Verdict))
    print(f"{registry.name}: the champion is {move['version']}, move {move['sequence']} of the ledger")


def rollback(registry: ModelRegistry, to: str, reason: str) -> None:
    """Make a former champion the champion again."""
    move = registry.rollback(to, reason)
    print(f"{registry.name}: back from {move['previous']} to {move['version']}")


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
