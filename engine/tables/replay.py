"""What build_features found when it made single days again, in the metadata of its features."""

import json
from typing import Literal, NotRequired, TypedDict

import pyarrow as pa

from engine.command_line import WorldError
from engine.command_line.typed_json import checked

Cause = Literal["later outcomes", "later arrivals", "other rows"]
KEY = "replay"
MOST_BYTES = 1_000_000


class Difference(TypedDict):
    """A feature that the rows predicted on a day have otherwise when made alone, in `rows` of `day_rows`.

    It changed with outcomes that were known only later, with rows of a table that arrived only later, or with
    the rows and history beside the day's. With a lead, the day has an hour. `largest` is the largest
    difference of a number.
    """

    feature: str
    cause: Cause
    day: str
    rows: int
    day_rows: int
    largest: NotRequired[float]


class Replay(TypedDict):
    differences: list[Difference]


def metadata_of(differences: list[Difference]) -> dict[str, str]:
    """As `write_table` takes it; nothing if nothing differs."""
    return {KEY: json.dumps(Replay(differences=differences))} if differences else {}


def read_differences(schema: pa.Schema) -> list[Difference]:
    """What differs in a table of this schema. WorldError if it is written otherwise."""
    written = (schema.metadata or {}).get(KEY.encode(), b'{"differences": []}')
    try:
        if len(written) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES:,} bytes")
        return checked(Replay, json.loads(written))["differences"]
    except (ValueError, RecursionError) as error:
        raise WorldError(f"expected features with what changed on single days, found {error}") from None
