"""The snapshot, snapshot.json: which rows of which tables were loaded, by hash."""

from typing import NotRequired, TypedDict


class LoadedTable(TypedDict):
    """The rows of one table, read from `uri`.

    A history has the rows whose outcomes became known in the `history_days` before the window's start, and
    after it until `known_before`.
    """

    rows: int
    sha256: str
    uri: str
    history_days: NotRequired[int]
    known_before: NotRequired[str]


class WrittenSnapshot(TypedDict):
    """The rows from `start` up to `end`, as load_data and list_shards write them down.

    `window` is training, evaluation or inference; inference waits for no labels.
    """

    window: str
    start: str
    end: str
    as_of: str
    label_matures_after_days: NotRequired[int]
    tables: dict[str, LoadedTable]
    sha256: str


class Snapshot(TypedDict, total=False):
    """A written snapshot as a table carries it; empty if the table was made from no loaded rows."""

    window: str
    start: str
    end: str
    as_of: str
    label_matures_after_days: int
    tables: dict[str, LoadedTable]
    sha256: str
