"""What tasks do with the model registry: each reads files, asks the registry, and leaves files."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError, json_object
from engine.model_registry.model_registry import ModelRegistry


def resolve(
    registry: ModelRegistry,
    alias: str,
    fallback: dict[str, Any],
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
    found = registry.champion() if alias == "champion" else registry.version(alias)
    model.mkdir(parents=True, exist_ok=True)
    if found:
        registry.fetch(found["version"], model)
        images, settings = found["images"], found["feature_settings"]
        print(f"{registry.name}: {alias} is {found['version']}, made {found['created']}")
    elif not fallback:
        raise SettingsError(f"{registry.name}: expected a {alias}, found none; promote a model first")
    else:
        images = {name: fallback[f"{name}_image"] for name in ("build_features", "score_model")}
        settings = fallback["feature_settings"]
        print(f"{registry.name}: there is no champion yet")
    version.write_text(_json(found or {"version": None}))
    history.write_text(_json(registry.history()))
    digest.write_text(found["version"] if found else "")
    build_features_image.write_text(images["build_features"])
    score_model_image.write_text(images["score_model"])
    feature_settings.write_text(_json(settings))


def register(
    registry: ModelRegistry, model: Path, record: Path, verdict: Path, metadata: dict[str, Any], version: Path
) -> None:
    """Keep a model as a version; the same model again is the same version."""
    registered = registry.register(model, _read_json(record), _read_json(verdict), metadata)
    version.write_text(registered)
    print(f"{registry.name}: registered {registered}")


def promote(registry: ModelRegistry, version: str, expected: str, verdict: Path) -> None:
    """Make a version the champion, where the gate passed it against the champion that still is one."""
    move = registry.promote(version, expected, _read_json(verdict))
    print(f"{registry.name}: the champion is {move['version']}, move {move['sequence']} of the ledger")


def rollback(registry: ModelRegistry, to: str, reason: str) -> None:
    """Make a former champion the champion again."""
    move = registry.rollback(to, reason)
    print(f"{registry.name}: back from {move['previous']} to {move['version']}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json_object(path.read_text())
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{path}: {error}") from None


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
