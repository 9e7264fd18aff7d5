"""The moments that rows are predicted at, as load_data and list_shards write them down."""

from datetime import datetime, timedelta
from typing import NotRequired, TypedDict

from engine.datasets.data_settings import DataSettings, TableSettings
from engine.tables.snapshots import LoadedTable


class Led(TypedDict):
    """What settings, a snapshot and a listing have alike."""

    lead_hours: NotRequired[int]


def lead_of(document: Led) -> timedelta:
    """How long before the hour of their time rows are predicted."""
    return timedelta(hours=document.get("lead_hours", 0))


def with_arrival(loaded: LoadedTable, table: TableSettings) -> LoadedTable:
    """`loaded` with when its rows arrive, if `table` in the settings says it."""
    if "arrives_after_minutes" not in table:
        return loaded
    return {
        **loaded,
        "time": table["time"],
        "arrives_after_minutes": table["arrives_after_minutes"],
        "history_days": table["history_days"],
    }


def is_replayed(settings: DataSettings) -> bool:
    """Whether features of each moment are made by themselves, with a history up to the moment's day."""
    arrives = any("arrives_after_minutes" in table for table in settings["tables"].values())
    return arrives or "lead_hours" in settings


def midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
