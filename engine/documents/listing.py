"""The listing of list_shards: which rows are to be predicted, cut into shards."""

from typing import NotRequired, TypedDict

from engine.documents.keywords import Count


class Piece(TypedDict):
    """The rows from `start` up to `stop` of the file at `uri`, of which `rows` are to be predicted."""

    uri: str
    start: Count
    stop: Count
    rows: Count


class Shard(TypedDict):
    """A run of rows that one task predicts."""

    name: str
    rows: Count
    pieces: list[Piece]


class Listing(TypedDict):
    """The rows from `start` up to `end` at `uri`; `input_uri` is empty for a day of mlops.yaml's table.

    With `lead_hours` they are those that are predicted from `start` up to `end`, which is so long before.
    """

    as_of: str
    uri: str
    input_uri: str
    start: str
    end: str
    rows: Count
    shards: list[Shard]
    lead_hours: NotRequired[Count]
