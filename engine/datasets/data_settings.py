"""What mlops.yaml gives to load_data and list_shards as JSON: the tables, and which of their rows."""

from typing import Literal, NotRequired, TypedDict


class TableSettings(TypedDict):
    """Where a table is, its time column, the types of a CSV file's columns, and how far back it is read."""

    uri: str
    time: str
    history_days: NotRequired[int]
    types: NotRequired[dict[str, str]]
    arrives_after_minutes: NotRequired[int]


class Windows(TypedDict):
    training_days: int
    evaluation_days: int
    history: NotRequired[Literal["window-start", "rolling"]]


class DataSettings(TypedDict):
    """`rows` is the table whose rows are predicted; list_shards has windows of its own."""

    tables: dict[str, TableSettings]
    rows: str
    label_matures_after_days: int
    windows: Windows
    lead_hours: NotRequired[int]


class ShardSettings(TypedDict):
    """How many days are predicted, how many before them are made up for, and the rows of a shard at most."""

    days: int
    catch_up_days: int
    shard_rows: int
