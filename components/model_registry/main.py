"""Resolve, register, promote or roll back a version of the model."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import SettingsError, json_object, output_file, parser, run
from engine.model_registry.model_registry import ModelRegistry


def resolve(arguments: argparse.Namespace, registry: ModelRegistry) -> None:
    """Hand out the model behind an alias with what scores it; without one, the fallback's."""
    champion = arguments.alias == "champion"
    version = registry.champion() if champion else registry.version(arguments.alias)
    arguments.model.mkdir(parents=True, exist_ok=True)
    if version:
        registry.fetch(version["version"], arguments.model)
        images, settings = version["images"], version["feature_settings"]
        print(f"{arguments.name}: {arguments.alias} is {version['version']}, made {version['created']}")
    elif not arguments.fallback:
        raise SettingsError(
            f"{arguments.name}: expected a {arguments.alias}, found none; promote a model first"
        )
    else:
        fallback = arguments.fallback
        images = {name: fallback[f"{name}_image"] for name in ("build_features", "score_model")}
        settings = fallback["feature_settings"]
        print(f"{arguments.name}: there is no champion yet")
    arguments.version.write_text(_json(version or {"version": None}))
    arguments.history.write_text(_json(registry.history()))
    arguments.digest.write_text(version["version"] if version else "")
    arguments.build_features_image.write_text(images["build_features"])
    arguments.score_model_image.write_text(images["score_model"])
    arguments.feature_settings.write_text(_json(settings))


def register(arguments: argparse.Namespace, registry: ModelRegistry) -> None:
    """Keep a model as a version; the same model again is the same version."""
    record, verdict = _read_json(arguments.record), _read_json(arguments.verdict)
    version = registry.register(arguments.model, record, verdict, arguments.metadata)
    arguments.version.write_text(version)
    print(f"{arguments.name}: registered {version}")


def promote(arguments: argparse.Namespace, registry: ModelRegistry) -> None:
    """Make a version the champion, where the gate passed it against the champion that still is one."""
    move = registry.promote(arguments.version, arguments.expected, _read_json(arguments.verdict))
    print(f"{arguments.name}: the champion is {move['version']}, move {move['sequence']} of the ledger")


def rollback(arguments: argparse.Namespace, registry: ModelRegistry) -> None:
    """Make a former champion the champion again."""
    move = registry.rollback(arguments.to, arguments.reason)
    print(f"{arguments.name}: back from {move['previous']} to {move['version']}")


def main() -> None:
    commands = parser(__doc__)
    subparsers = commands.add_subparsers(required=True, metavar="command")

    def command(work: Any) -> Any:
        about = work.__doc__
        options = subparsers.add_parser(work.__name__, help=about, description=about, allow_abbrev=False)
        options.set_defaults(work=work)
        flag = partial(options.add_argument, required=True)
        flag("--model-registry-uri", help="file:// or s3:// folder")
        flag("--name", help="the model's name")
        return flag

    flag = command(resolve)
    flag("--alias", help='"champion", or a version')
    flag(
        "--fallback",
        type=json_object,
        help="images and feature settings to use where there is no champion; {}: fail",
    )
    flag("--model", type=Path, help="folder to leave the model in; empty where there is none")
    flag("--version", type=output_file, help="file for the version document")
    flag("--history", type=output_file, help="file for the ledger's entries")
    flag("--build-features-image", type=output_file, help="file for the image that builds its features")
    flag("--score-model-image", type=output_file, help="file for the image that scores it")
    flag("--feature-settings", type=output_file, help="file for the settings of its features")
    flag("--digest", type=output_file, help="file for the version's digest; empty where there is none")

    flag = command(register)
    flag("--model", type=Path, help="folder with model.joblib")
    flag("--record", type=Path, help="how the model was trained")
    flag("--verdict", type=Path, help="what the gate said about it")
    flag("--metadata", type=json_object, help="code SHA, images and feature settings it was born with")
    flag("--version", type=output_file, help="file for the version")

    flag = command(promote)
    flag("--version", help="the version to promote")
    flag("--expected", help='the champion that the gate saw; "" for none')
    flag("--verdict", type=Path, help="the verdict that passed it")

    flag = command(rollback)
    flag("--to", required=False, default="", help="a former champion; by default the one before")
    flag("--reason", required=False, default="", help="why, for the ledger")

    arguments = commands.parse_args()
    arguments.work(arguments, ModelRegistry(arguments.model_registry_uri, arguments.name))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json_object(path.read_text())
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{path}: {error}") from None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


if __name__ == "__main__":
    run(main)
