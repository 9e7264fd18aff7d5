"""What scripts need to have a version served."""

import json
import os

from engine.command_line import SettingsError
from engine.command_line.signals import sigterm_exits
from engine.kserve.serving_settings import ServingSettings
from engine.model_registry.model_registry import ModelRegistry
from engine.settings.settings_schema import Settings


def wanted(settings: Settings) -> ServingSettings:
    """What deploy_model gets of `serving`."""
    if settings.serving is None:
        raise SettingsError("mlops.yaml: serving: expected {namespace: ...} to serve in, found nothing")
    written: ServingSettings = json.loads(settings.serving_settings())
    return written


def bring(registry: ModelRegistry, settings: Settings, version: str, champion: str) -> None:
    """Have `version` served at once, with golden requests and no steps, if anything is served at all."""
    if settings.serving is None:
        return
    from engine.kserve.delivery import deliver

    with sigterm_exits():
        print(deliver(registry, wanted(settings), version, run(), champion, steps=[]), flush=True)


def version_of(registry: ModelRegistry, beginning: str) -> str:
    """The version that begins so."""
    versions: list[str] = [
        each["version"] for each in registry.versions() if each["version"].startswith(beginning)
    ]
    if len(versions) != 1:
        problem = f"expected the start of one version of {registry.name}, found {len(versions)}"
        raise SettingsError(f"{beginning}: {problem}")
    return versions[0]


def run() -> str:
    """The run of GitHub that deploys, or by hand."""
    run_id = os.environ.get("GITHUB_RUN_ID")
    return f"{os.environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run_id}" if run_id else "by hand"
