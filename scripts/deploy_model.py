"""Serve a version of the model with KServe, by default the champion; do nothing if it is served already."""

import argparse
import sys
from pathlib import Path

from engine.command_line import SettingsError, parser, run
from engine.command_line.signals import sigterm_exits
from engine.github.step import add_summary


def main() -> int:
    arguments = _parser().parse_args()

    from engine.kserve import delivery
    from engine.model_registry.model_registry import ModelRegistry
    from engine.model_registry.place import model_registry_uri
    from engine.serving import serving
    from engine.settings.settings import load

    root = Path.cwd()
    settings = load(root / "mlops.yaml")
    wanted = serving.wanted(settings)
    registry = ModelRegistry(model_registry_uri(root), settings.model)
    champion = (registry.champion() or {"version": ""})["version"]
    version = serving.version_of(registry, arguments.version) if arguments.version else champion
    if not version:
        raise SettingsError(
            f"{registry.name}: expected a champion to serve, found none; promote a model first"
        )
    if arguments.dry_run:
        sys.stdout.write(delivery.rendered(registry, wanted, version, serving.run()).shown())
        return 0
    with sigterm_exits():
        done = delivery.deliver(registry, wanted, version, serving.run(), champion)
    if version != champion:
        done += f"; the champion is {champion or 'none'} as before"
    print(done)
    add_summary(f"{done}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "version", nargs="?", help="a version, or how its digest begins (default: the champion)"
    )
    options.add_argument("--dry-run", action="store_true", help="print the manifests, and call no cluster")
    return options


if __name__ == "__main__":
    run(main)
