"""The snapshot, snapshot.json: which rows of which tables were loaded, by hash."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict

from engine.command_line import SettingsError
from engine.command_line.typed_json import checked


class LoadedTable(TypedDict):
    """The rows of one table, read from `uri`.

    A history has the rows whose outcomes became known in the `history_days` before the window's start, and
    after it until `known_before`. Of a table that says `arrives_after_minutes`, a prediction gets the rows
    whose `time` is in the `history_days` before its day or later, and that had arrived.
    """

    rows: int
    sha256: str
    uri: str
    history_days: NotRequired[int]
    known_before: NotRequired[str]
    time: NotRequired[str]
    arrives_after_minutes: NotRequired[int]


class WrittenSnapshot(TypedDict):
    """The rows from `start` up to `end`, as load_data and list_shards write them down.

    `window` is training, evaluation or inference; inference waits for no labels. With `lead_hours`, rows are
    predicted so long before the hour of their time, and inference has those predicted from `start` up to
    `end`.
    """

    window: str
    start: str
    end: str
    as_of: str
    label_matures_after_days: NotRequired[int]
    lead_hours: NotRequired[int]
    tables: dict[str, LoadedTable]
    sha256: str


class Snapshot(TypedDict, total=False):
    """A written snapshot as a table carries it; empty if the table was made from no loaded rows."""

    window: str
    start: str
    end: str
    as_of: str
    label_matures_after_days: int
    lead_hours: int
    tables: dict[str, LoadedTable]
    sha256: str


def read_snapshot(path: Path) -> tuple[WrittenSnapshot, str]:
    """The snapshot in the file at `path`, and its text as it is."""
    text = path.read_text()
    try:
        return checked(WrittenSnapshot, json.loads(text)), text
    except ValueError as error:
        raise SettingsError(f"{path}: expected a snapshot, found another document ({error})") from None
