"""List the rows to predict in shards of like size, or load one of the shards."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import day, json_object, output_file, parser, run


def list_shards(arguments: argparse.Namespace) -> None:
    """Say which rows there are to predict, and in which shards."""
    from engine import tables
    from engine.datasets import shards
    from engine.predictions.predictions import Predictions

    settings, first = arguments.inference_settings, day(arguments.as_of)
    if arguments.as_of == "today" and not arguments.input_uri:
        published = Predictions(arguments.predictions_uri, arguments.name).end()
        first, settings = shards.since(published, first, settings)
    listing = shards.list_rows(arguments.data_settings, settings, first, arguments.input_uri)
    tables.write_json(listing, arguments.listing)
    arguments.shards.write_text(json.dumps([shard["name"] for shard in listing["shards"]]))
    print(f"{listing['rows']} rows in {len(listing['shards'])} shards of {listing['uri']}")


def load_shard(arguments: argparse.Namespace) -> None:
    """Load the rows of one shard, and those of the other tables that its features are made of."""
    from engine.datasets import shards
    from engine.documents import files
    from engine.documents.listing import Listing

    listing = files.read(arguments.listing, Listing)
    print(shards.load(arguments.data_settings, listing, arguments.shard, arguments.tables))


def main() -> None:
    commands = parser(__doc__)
    subparsers = commands.add_subparsers(required=True, metavar="command")

    def command(name: str, work: Any) -> Any:
        summary = work.__doc__
        options = subparsers.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        options.set_defaults(work=work)
        return partial(options.add_argument, required=True)

    flag = command("list", list_shards)
    flag("--data-settings", type=json_object)
    flag("--inference-settings", type=json_object)
    flag("--as-of", help="the first day to predict, YYYY-MM-DD; today: the first that is not published yet")
    flag("--input-uri", help='parquet to predict all rows of; "": the rows of the window in the table')
    flag("--predictions-uri", help="file:// or s3:// folder of all predictions")
    flag("--name", help="the model's name")
    flag("--listing", type=output_file, help="file for the listing of all shards")
    flag("--shards", type=output_file, help="file for the names of the shards")

    flag = command("load", load_shard)
    flag("--data-settings", type=json_object)
    flag("--listing", type=Path, help="the listing of all shards")
    flag("--shard", help="the name of the shard to load")
    flag("--tables", type=output_file, help="folder for the tables")

    arguments = commands.parse_args()
    arguments.work(arguments)


if __name__ == "__main__":
    run(main)
