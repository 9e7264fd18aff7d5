"""Keeps the predictions of a batch's shards, and publishes those of all shards at once."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from engine import tables
from engine.command_line import Finding, WorldError
from engine.command_line.component_settings import FeatureSettings
from engine.documents.documents import digest
from engine.documents.listing import Listing, Shard
from engine.documents.manifest import Manifest, PredictedShard
from engine.predictions.predictions import Predictions, batch_of


class InferenceSettings(TypedDict):
    """The share of rows, 0 to 1, that may be rejected in a batch that is published."""

    maximum_rejected_share: float


@dataclass(frozen=True)
class Batch:
    """The rows that one run predicts with one version of the model; `listing` is what list_shards wrote."""

    kept: Predictions
    listing: Listing
    model: str
    model_version: str
    run: str

    @property
    def name(self) -> str:
        return batch_of(self.listing["as_of"], self.listing["input_uri"])

    def shard(self, name: str) -> Shard:
        """What was listed of a shard."""
        return next(shard for shard in self.listing["shards"] if shard["name"] == name)


def store(batch: Batch, shard: str, predictions: Path, rejects: Path, stored: Path) -> None:
    """Keep what was predicted of a shard, and what was rejected."""
    expected = batch.shard(shard)["rows"]
    predicted, rejected = (tables.read_table(path) for path in (predictions, rejects))
    if predicted.num_rows + rejected.num_rows != expected:
        raise WorldError(
            f"shard {shard}: expected a prediction or a reason for each of {expected} rows, "
            f"found {predicted.num_rows} and {rejected.num_rows}: do the features lose or multiply rows?"
        )
    reasons = Counter(map(str, rejected["reason"].to_pylist()))
    kept = {
        what: batch.kept.keep(batch.name, what, shard, path, table.num_rows)
        for what, path, table in (("predictions", predictions, predicted), ("rejects", rejects, rejected))
        if table.num_rows or what == "predictions"
    }
    document: PredictedShard = {
        "model_version": batch.model_version,
        "data_sha256": tables.snapshot(predicted).get("sha256"),
        "predictions": kept["predictions"],
        "rejects": kept.get("rejects"),
        "reasons": dict(reasons),
    }
    batch.kept.note(batch.name, batch.run, shard, document)
    stored.write_text(shard)
    print(f"shard {shard}: {predicted.num_rows} predictions, {rejected.num_rows} rejected rows")


def publish(
    batch: Batch,
    stored: list[str],
    feature_settings: FeatureSettings,
    inference_settings: InferenceSettings,
    manifest: Path,
) -> None:
    """Check that each shard that was listed is there, and let readers see them all at once."""
    listed = [shard["name"] for shard in batch.listing["shards"]]
    if missing := sorted({*listed} - {*stored}):
        raise WorldError(f"expected {len(listed)} shards, found none of {', '.join(missing[:10])}; run again")
    shards = {name: batch.kept.noted(batch.name, batch.run, name) for name in listed}
    for name, shard in shards.items():
        check(batch, name, shard)
    published = describe(batch, shards, feature_settings)
    refuse_too_many(batch, published, inference_settings["maximum_rejected_share"])
    published = batch.kept.publish(batch.name, published)
    manifest.write_text(json.dumps(published, indent=2) + "\n")
    rows, uri = published["rows"], batch.kept.uri_of(batch.name, "manifest.json")
    print(
        f"{rows['predicted']} predictions of {published['model_version']}, {rows['rejected']} rejected: {uri}"
    )


def check(batch: Batch, name: str, predicted: PredictedShard) -> None:
    """Fail if a shard is not of this model, lacks rows, or its files are not what was written."""
    files = [predicted["predictions"], *([predicted["rejects"]] if predicted["rejects"] else [])]
    rows, version = sum(file["rows"] for file in files), predicted["model_version"]
    expected = batch.shard(name)["rows"]
    if (rows, version) != (expected, batch.model_version):
        raise WorldError(
            f"shard {name}: expected {expected} rows of model {batch.model_version[:12]}, "
            f"found {rows} of {version[:12]}; run again"
        )
    for file in files:
        batch.kept.check(batch.name, file)


def describe(batch: Batch, shards: dict[str, PredictedShard], settings: FeatureSettings) -> Manifest:
    predictions = [shard["predictions"] for shard in shards.values()]
    rejects = [shard["rejects"] for shard in shards.values() if shard["rejects"]]
    reasons: Counter[str] = sum((Counter(shard["reasons"]) for shard in shards.values()), Counter())
    predicted, rejected = (sum(file["rows"] for file in files) for files in (predictions, rejects))
    listing = batch.listing
    return {
        "model": batch.model,
        "model_version": batch.model_version,
        "as_of": listing["as_of"],
        "start": listing["start"],
        "end": listing["end"],
        "uri": listing["uri"],
        "input_uri": listing["input_uri"],
        "data_sha256": digest({name: shard["data_sha256"] for name, shard in shards.items()}),
        "rows": {"listed": listing["rows"], "predicted": predicted, "rejected": rejected},
        "rejected": dict(reasons.most_common()),
        "key": settings["key"],
        "time": settings["time"],
        "label": settings["label"],
        "predictions": predictions,
        "rejects": rejects,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": batch.run,
    }


def refuse_too_many(batch: Batch, manifest: Manifest, most: float) -> None:
    """Fail if more than the share `most` of the rows was rejected: then nothing is published."""
    listed, rejected = manifest["rows"]["listed"], manifest["rows"]["rejected"]
    if rejected > most * listed:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in manifest["rejected"].items())
        example = batch.kept.uri_of(batch.name, manifest["rejects"][0]["file"])
        raise Finding(
            f"expected at most {most:.2%} of the rows rejected, found {rejected} of {listed} "
            f"({rejected / listed:.2%}): {reasons}; nothing is published, see {example}"
        )
