"""Keep the predictions of a shard, or publish those of all shards at once."""

import argparse
import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from engine.command_line import Finding, WorldError, json_object, output_file, parser, run

Json = dict[str, Any]


def store(arguments: argparse.Namespace) -> None:
    """Keep what was predicted of a shard, and what was rejected."""
    import pyarrow.compute as pc

    from engine import tables

    shard = shard_of(arguments.listed, arguments.shard)
    predicted, rejected = (tables.read_table(path) for path in (arguments.predictions, arguments.rejects))
    if predicted.num_rows + rejected.num_rows != shard["rows"]:
        raise WorldError(
            f"shard {arguments.shard}: expected a prediction or a reason for each of {shard['rows']} rows, "
            f"found {predicted.num_rows} and {rejected.num_rows}: do the features lose or multiply rows?"
        )
    counts = pc.value_counts(rejected["reason"]).to_pylist()
    kept = {
        what: arguments.kept.keep(arguments.batch, what, arguments.shard, path, table.num_rows)
        for what, path, table in (
            ("predictions", arguments.predictions, predicted),
            ("rejects", arguments.rejects, rejected),
        )
        if table.num_rows or what == "predictions"
    }
    document = {
        "model_version": arguments.model_version,
        "data_sha256": tables.snapshot(predicted).get("sha256"),
        "predictions": kept["predictions"],
        "rejects": kept.get("rejects"),
        "reasons": {count["values"]: count["counts"] for count in counts},
    }
    arguments.kept.note(arguments.batch, arguments.run, arguments.shard, document)
    arguments.stored.write_text(arguments.shard)
    print(f"shard {arguments.shard}: {predicted.num_rows} predictions, {rejected.num_rows} rejected rows")


def publish(arguments: argparse.Namespace) -> None:
    """Check that each shard that was listed is there, and let readers see them all at once."""
    listing, kept = arguments.listed, arguments.kept
    listed = [shard["name"] for shard in listing["shards"]]
    if missing := sorted({*listed} - {*arguments.stored}):
        raise WorldError(f"expected {len(listed)} shards, found none of {', '.join(missing[:10])}; run again")
    shards = {name: kept.noted(arguments.batch, arguments.run, name) for name in listed}
    for name, shard in shards.items():
        check(shard_of(listing, name), shard, arguments)
    manifest = describe(listing, shards, arguments)
    refuse_too_many(manifest, arguments)
    manifest = kept.publish(arguments.batch, manifest)
    arguments.manifest.write_text(json.dumps(manifest, indent=2) + "\n")
    rows, uri = manifest["rows"], kept.uri_of(arguments.batch, "manifest.json")
    print(
        f"{rows['predicted']} predictions of {manifest['model_version']}, {rows['rejected']} rejected: {uri}"
    )


def check(listed: Json, found: Json, arguments: argparse.Namespace) -> None:
    """Fail where a shard is not of this model, lacks rows, or its files are not what was written."""
    files = [found["predictions"], *filter(None, [found["rejects"]])]
    rows = sum(file["rows"] for file in files)
    expected, of = (listed["rows"], arguments.model_version), found["model_version"]
    if (rows, of) != expected:
        raise WorldError(
            f"shard {listed['name']}: expected {expected[0]} rows of model {expected[1][:12]}, "
            f"found {rows} of {of[:12]}; run again"
        )
    for file in files:
        arguments.kept.check(arguments.batch, file)


def describe(listing: Json, shards: dict[str, Json], arguments: argparse.Namespace) -> Json:
    from engine.documents.documents import digest

    settings = arguments.feature_settings
    predictions = [shard["predictions"] for shard in shards.values()]
    rejects = [shard["rejects"] for shard in shards.values() if shard["rejects"]]
    reasons = sum((Counter(shard["reasons"]) for shard in shards.values()), Counter())
    predicted, rejected = (sum(file["rows"] for file in files) for files in (predictions, rejects))
    return {
        "model": arguments.name,
        "model_version": arguments.model_version,
        **{name: listing[name] for name in ("as_of", "start", "end", "uri", "input_uri")},
        "data_sha256": digest({name: shard["data_sha256"] for name, shard in shards.items()}),
        "rows": {"listed": listing["rows"], "predicted": predicted, "rejected": rejected},
        "rejected": dict(reasons.most_common()),
        "key": settings["key"],
        "time": settings["time"],
        "label": settings["label"],
        "predictions": predictions,
        "rejects": rejects,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": arguments.run,
    }


def refuse_too_many(manifest: Json, arguments: argparse.Namespace) -> None:
    """Fail where more rows were rejected than the settings allow: then nothing is published."""
    listed, rejected = manifest["rows"]["listed"], manifest["rows"]["rejected"]
    most = arguments.inference_settings["maximum_rejected_share"]
    if rejected > most * listed:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in manifest["rejected"].items())
        example = arguments.kept.uri_of(arguments.batch, manifest["rejects"][0]["file"])
        raise Finding(
            f"expected at most {most:.2%} of the rows rejected, found {rejected} of {listed} "
            f"({rejected / listed:.2%}): {reasons}; nothing is published, see {example}"
        )


def shard_of(listing: Json, name: str) -> Json:
    return next(shard for shard in listing["shards"] if shard["name"] == name)


def main() -> None:
    commands = parser(__doc__)
    subparsers = commands.add_subparsers(required=True, metavar="command")

    def command(work: Any) -> Any:
        about = work.__doc__
        options = subparsers.add_parser(work.__name__, help=about, description=about, allow_abbrev=False)
        options.set_defaults(work=work)
        flag = partial(options.add_argument, required=True)
        flag("--predictions-uri", help="file:// or s3:// folder of all predictions")
        flag("--name", help="the model's name")
        flag("--run", help="the run's id, under which its shards are noted")
        flag("--model-version", help="the version that predicted")
        flag("--listing", type=Path, help="what each shard is")
        return flag

    flag = command(store)
    flag("--shard", help="the shard's name")
    flag("--predictions", type=Path, help="the shard's predictions")
    flag("--rejects", type=Path, help="the shard's rows that could not be scored")
    flag("--stored", type=output_file, help="file for the shard's name, once it is kept")

    flag = command(publish)
    flag("--stored", type=json.loads, help="the names of the shards that are kept, as a JSON list")
    flag("--feature-settings", type=json_object)
    flag("--inference-settings", type=json_object)
    flag("--manifest", type=output_file, help="file for the manifest")

    arguments = commands.parse_args()

    from engine.predictions.predictions import Predictions, batch_of

    arguments.listed = json.loads(arguments.listing.read_text())
    arguments.batch = batch_of(arguments.listed["as_of"], arguments.listed["input_uri"])
    arguments.kept = Predictions(arguments.predictions_uri, arguments.name)
    arguments.work(arguments)


if __name__ == "__main__":
    run(main)
