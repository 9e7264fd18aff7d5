"""Keep the predictions of a shard, or publish those of all shards at once."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import json_object, output_file, parser, run


def main() -> None:
    options = parser(__doc__)
    subparsers = options.add_subparsers(required=True, metavar="command", dest="command")

    def command(name: str, summary: str) -> Any:
        own = subparsers.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        flag = partial(own.add_argument, required=True)
        flag("--predictions-uri", help="file:// or s3:// folder of all predictions")
        flag("--name", help="the model's name")
        flag("--run", help="the run's id, under which its shards are noted")
        flag("--model-version", help="the version that predicted")
        flag("--listing", type=Path, help="the listing of all shards")
        return flag

    flag = command("store", "Keep what was predicted of a shard, and what was rejected.")
    flag("--shard", help="the shard's name")
    flag("--predictions", type=Path, help="the shard's predictions")
    flag("--rejects", type=Path, help="the shard's rows that could not be scored")
    flag("--stored", type=output_file, help="file for the shard's name, once it is kept")

    flag = command("publish", "Check that each shard that was listed is there, and publish them all at once.")
    flag("--stored", type=json.loads, help="the names of the shards that are kept, as a JSON list")
    flag("--feature-settings", type=json_object)
    flag("--inference-settings", type=json_object)
    flag("--manifest", type=output_file, help="file for the manifest")

    arguments = vars(options.parse_args())

    from engine.documents import files
    from engine.documents.listing import Listing
    from engine.predictions import publishing
    from engine.predictions.predictions import Predictions

    name = arguments.pop("name")
    batch = publishing.Batch(
        kept=Predictions(arguments.pop("predictions_uri"), name),
        listing=files.read(arguments.pop("listing"), Listing),
        model=name,
        model_version=arguments.pop("model_version"),
        run=arguments.pop("run"),
    )
    work: Callable[..., None] = getattr(publishing, arguments.pop("command"))
    work(batch, **arguments)


if __name__ == "__main__":
    run(main)
