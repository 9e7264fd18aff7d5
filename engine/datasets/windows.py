"""Loads the rows of one window of all tables, and writes down what they are by hash."""

from datetime import date, datetime, timedelta
from pathlib import Path

from engine import tables
from engine.datasets.data_settings import DataSettings
from engine.datasets.history import write_history
from engine.datasets.moments import lead_of, midnight, with_arrival
from engine.datasets.rows import joint_sha256, read_rows, write_rows
from engine.tables.snapshots import LoadedTable, WrittenSnapshot


def load_window(settings: DataSettings, window: str, as_of: date, target: Path) -> None:
    """Write each table to `target`/<name>.parquet, and what they are to snapshot.json beside them.

    `window` is "training" or "evaluation"; tables other than the rows' own begin `history_days` earlier, and
    the history of the rows' own is a table more.
    """
    start, end = window_of(settings, window, as_of)
    first_day = midnight(start - lead_of(settings))
    with tables.written_whole(target) as folder:
        folder.mkdir()
        loaded: dict[str, LoadedTable] = {}
        for name, table in settings["tables"].items():
            history = table.get("history_days", 0)
            first = start if name == settings["rows"] else first_day - timedelta(days=history)
            rows = read_rows(table["uri"], table["time"], first, end, table.get("types"))
            written = write_rows(rows, table["time"], folder / f"{name}.parquet", table["uri"])
            loaded[name] = with_arrival(written, table)
            print(f"{name}: {rows.num_rows} rows of {window}, {start:%Y-%m-%d} to {end:%Y-%m-%d}")
        loaded |= write_history(settings, first_day, known_before(settings, window, start, end), folder)
        snapshot: WrittenSnapshot = {
            "window": window,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "as_of": as_of.isoformat(),
            "label_matures_after_days": settings["label_matures_after_days"],
            "tables": loaded,
            "sha256": joint_sha256(loaded),
        }
        if "lead_hours" in settings:
            snapshot["lead_hours"] = settings["lead_hours"]
        tables.write_json(snapshot, folder / "snapshot.json")


def known_before(settings: DataSettings, window: str, start: datetime, end: datetime) -> datetime:
    """When the history of a window ends: evaluation's at its start, as inference's does, unless it rolls."""
    rolls = settings["windows"].get("history") == "rolling"
    return start if window == "evaluation" and not rolls else end


def window_of(settings: DataSettings, window: str, as_of: date) -> tuple[datetime, datetime]:
    """The window's first moment, and the first after it; evaluation ends where labels stop being mature."""
    today = datetime(as_of.year, as_of.month, as_of.day)
    mature_until = today - timedelta(settings["label_matures_after_days"])
    evaluation_start = mature_until - timedelta(settings["windows"]["evaluation_days"])
    if window == "evaluation":
        return evaluation_start, mature_until
    return evaluation_start - timedelta(settings["windows"]["training_days"]), evaluation_start
