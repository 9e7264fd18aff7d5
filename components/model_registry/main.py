"""Resolve, register, promote or roll back a version of the model."""

from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import day, json_object, output_file, parser, run
from engine.model_registry import commands, probe
from engine.model_registry.model_registry import ModelRegistry


def main() -> None:
    options = parser(__doc__)
    subparsers = options.add_subparsers(required=True, metavar="command")

    def command(work: Any) -> Any:
        summary = work.__doc__
        own = subparsers.add_parser(work.__name__, help=summary, description=summary, allow_abbrev=False)
        own.set_defaults(work=work)
        flag = partial(own.add_argument, required=True)
        flag("--model-registry-uri", help="file:// or s3:// folder")
        flag("--name", help="the model's name")
        return flag

    flag = command(commands.resolve)
    flag("--alias", help='"champion", or a version')
    flag(
        "--fallback",
        type=json_object,
        help="images and feature settings to use if there is no champion; {}: fail",
    )
    flag("--as-of", type=day, help="the day of the run, YYYY-MM-DD, or today")
    flag("--model", type=Path, help="folder for the model; empty if the registry has no such model")
    flag("--version", type=output_file, help="file for the version document")
    flag("--history", type=output_file, help="file for the ledger's entries")
    flag("--build-features-image", type=output_file, help="file for the image that builds its features")
    flag("--score-model-image", type=output_file, help="file for the image that scores it")
    flag("--feature-settings", type=output_file, help="file for the settings of its features")
    flag("--day", type=output_file, help="file for the day of the run, which all further tasks use")
    flag(
        "--digest",
        type=output_file,
        help="file for the version's digest; empty if the registry has no such model",
    )

    flag = command(commands.register)
    flag("--model", type=Path, help="folder with model.joblib")
    flag("--record", type=Path, help="how the model was trained")
    flag("--verdict", type=Path, help="the gate's verdict on it")
    flag("--metadata", type=json_object, help="code SHA, images and feature settings it was born with")
    flag("--version", type=output_file, help="file for the version")

    flag = command(commands.promote)
    flag("--version", help="the version to promote")
    flag("--expected", help='the champion that the gate saw; "" for none')
    flag("--verdict", type=Path, help="the verdict that passed it")

    flag = command(commands.rollback)
    flag("--to", required=False, default="", help="a former champion; by default the one before")
    flag("--reason", required=False, default="", help="why, for the ledger")

    flag = command(probe.probe)
    flag("--written", type=output_file, help="file for what was written to the store and read again")

    arguments = vars(options.parse_args())
    registry = ModelRegistry(arguments.pop("model_registry_uri"), arguments.pop("name"))
    arguments.pop("work")(registry, **arguments)


if __name__ == "__main__":
    run(main)
