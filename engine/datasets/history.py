"""Earlier rows of the rows' own table, with the outcomes that were known by then."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.command_line import SettingsError
from engine.command_line.component_settings import history_of
from engine.datasets.data_settings import DataSettings
from engine.datasets.rows import duration, read_rows, with_plain_times, write_rows
from engine.tables.snapshots import LoadedTable

KNOWN_AT = "known_at"


def write_history(
    settings: DataSettings, start: datetime, known_before: datetime, folder: Path
) -> dict[str, LoadedTable]:
    """Write the history of the rows' own table to `folder`, if it has `history_days`; its entry by its name.

    It has the rows whose outcomes became known from `history_days` before `start` on and before
    `known_before`. A row never gets its own outcome so, even if that is known at the row's time.
    """
    name = settings["rows"]
    table = settings["tables"][name]
    if not (days := table.get("history_days", 0)):
        return {}
    matures_after = settings["label_matures_after_days"]
    first, end = (moment - timedelta(matures_after) for moment in (start - timedelta(days), known_before))
    rows = read_rows(table["uri"], table["time"], first, end, table.get("types"))
    rows = with_plain_times(rows, table["time"])
    if KNOWN_AT in rows.column_names:
        raise SettingsError(
            f"{table['uri']}: expected no column {KNOWN_AT} in a table with history_days, found one"
        )
    rows = rows.append_column(KNOWN_AT, known_at(rows[table["time"]], matures_after))
    path = folder / f"{history_of(name)}.parquet"
    written = write_rows(rows, table["time"], path, table["uri"])
    return {path.stem: {**written, "history_days": days, "known_before": known_before.isoformat()}}


def known_at(times: pa.ChunkedArray[Any], matures_after_days: int) -> pa.ChunkedArray[Any]:
    """When the outcomes of rows of these times were known."""
    return pc.add(times, duration(matures_after_days, times.type.unit))
