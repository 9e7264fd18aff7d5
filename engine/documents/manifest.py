"""The prediction manifest, manifest.json, and what each shard's task leaves for it."""

from typing import TypedDict

from engine.command_line.component_settings import Label
from engine.documents.keywords import Count
from engine.documents.parts import Stored


class StoredFile(TypedDict):
    """A parquet file of one shard's rows, below the batch's folder."""

    file: str
    shard: str
    rows: Count
    sha256: str


class PredictedShard(Stored):
    """What a run left of a shard: rejected rows are counted by reason."""

    model_version: str
    data_sha256: str | None
    predictions: StoredFile
    rejects: StoredFile | None
    reasons: dict[str, int]


class PredictedRows(TypedDict):
    """How many rows were listed, and how many of them got a prediction or a reason."""

    listed: Count
    predicted: Count
    rejected: Count


class Manifest(Stored):
    """The files of a batch that count, of the rows from `start` up to `end` at `uri`.

    `input_uri` is empty for a day of the table that mlops.yaml names; `rejected` counts rows by reason.
    """

    model: str
    model_version: str
    as_of: str
    start: str
    end: str
    uri: str
    input_uri: str
    data_sha256: str
    rows: PredictedRows
    rejected: dict[str, int]
    key: str
    time: str
    label: Label
    predictions: list[StoredFile]
    rejects: list[StoredFile]
    created: str
    run: str
