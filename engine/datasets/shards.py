"""Shards: runs of rows of like size, each with its files and its first and last row in them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from engine import tables
from engine.command_line import WorldError
from engine.datasets.files import files_at, read_files, table_files
from engine.datasets.history import write_history
from engine.datasets.moments import is_replayed, lead_of, midnight, with_arrival
from engine.datasets.parts import first_and_last, opened
from engine.datasets.rows import is_inside, joint_sha256, read_rows, write_rows
from engine.tables.snapshots import LoadedTable, WrittenSnapshot

if TYPE_CHECKING:
    from engine.datasets.data_settings import DataSettings, ShardSettings
    from engine.datasets.files import DataFile
    from engine.datasets.rows import Mask
    from engine.documents.listing import Listing, Piece, Shard


def list_rows(settings: DataSettings, shards: ShardSettings, as_of: date, input_uri: str) -> Listing:
    """The shards of the days from `as_of` on, or of all rows of `input_uri`; only times are read."""
    table = settings["tables"][settings["rows"]]
    uri, time = input_uri or table["uri"], table["time"]
    start = datetime(as_of.year, as_of.month, as_of.day)
    listing: Listing = {
        "as_of": as_of.isoformat(),
        "uri": uri,
        "input_uri": input_uri,
        "start": start.isoformat(),
        "end": (start + timedelta(shards["days"])).isoformat(),
        "rows": 0,
        "shards": [],
    }
    if "lead_hours" in settings:
        listing["lead_hours"] = settings["lead_hours"]
    window, files = None if input_uri else wanted_span(listing), table_files(uri, table.get("types"))
    first, last, listing["shards"] = read_files(
        files, window, lambda chosen: cut_files(chosen, time, listing, shards["shard_rows"])
    )
    if not listing["shards"]:
        days = "" if input_uri else f" from as_of, {listing['start']}, to {listing['end']}"
        raise WorldError(f"{uri}: expected rows{days} to predict, found none; have they arrived?")
    if input_uri and first <= last:  # the other tables' rows are those of the same days
        lead = lead_of(settings)
        listing["start"] = midnight(first - lead).isoformat()
        listing["end"] = (midnight(last - lead) + timedelta(1)).isoformat()
    listing["rows"] = sum(shard["rows"] for shard in listing["shards"])
    return listing


def cut_files(
    files: list[DataFile], time: str, listing: Listing, shard_rows: int
) -> tuple[datetime, datetime, list[Shard]]:
    """The first and the last time of all rows, and the shards of those that are wanted."""
    cut, first, last = Cut(shard_rows), datetime.max, datetime.min
    for file in files:
        with opened(file, time) as part:
            cut.begin(file.uri, part.schema)
            for group, (begin, _) in enumerate(part.row_groups):
                times = part.times([group])
                cut.take(begin, pc.indices_nonzero(is_wanted(times, listing)))
                earliest, latest = first_and_last(times)
                first, last = min(first, earliest or first), max(last, latest or last)
    return first, last, cut.shards


def since(published: date | None, today: date, shards: ShardSettings) -> tuple[date, ShardSettings]:
    """The first day to predict today, and `shards` with the days from there on.

    Days after `published`, the last day that has predictions, are made up for, `catch_up_days` at most; a day
    that has some already is predicted again.
    """
    longest = today - timedelta(shards["catch_up_days"])
    first = min(today, max(published + timedelta(1), longest)) if published else today
    return first, {**shards, "days": (today - first).days + shards["days"]}


def load(settings: DataSettings, listing: Listing, name: str, target: Path) -> str:
    """Leave the shard's rows, and the other tables' of the whole span, as load_data leaves a window's."""
    shard = next(shard for shard in listing["shards"] if shard["name"] == name)
    start, end = span(listing)
    uris = [piece["uri"] for piece in shard["pieces"]]
    with tables.written_whole(target) as folder:
        folder.mkdir()
        loaded: dict[str, LoadedTable] = {}
        for table_name, table in settings["tables"].items():
            if table_name == settings["rows"]:
                files = files_at(uris, listing["uri"], table.get("types"))
                pieces = zip(shard["pieces"], files, strict=True)
                rows = pa.concat_tables(
                    read_piece(piece, file, table["time"], listing) for piece, file in pieces
                )
                uri = ", ".join(uris)
            else:
                uri, first = table["uri"], start - timedelta(table.get("history_days", 0))
                rows = read_rows(uri, table["time"], first, end + lead_of(listing), table.get("types"))
            written = write_rows(rows, table["time"], folder / f"{table_name}.parquet", uri)
            loaded[table_name] = with_arrival(written, table)
        known_before = end - timedelta(1) if is_replayed(settings) else start
        loaded |= write_history(settings, start, known_before, folder)
        snapshot: WrittenSnapshot = {
            "window": "inference",
            "start": listing["start"],
            "end": listing["end"],
            "as_of": listing["as_of"],
            "tables": loaded,
            "sha256": joint_sha256(loaded),
        }
        if "lead_hours" in settings:
            snapshot["lead_hours"] = settings["lead_hours"]
        tables.write_json(snapshot, folder / "snapshot.json")
    return f"shard {name}: {shard['rows']} rows of {', '.join(uris)}"


def read_piece(piece: Piece, file: DataFile, time: str, listing: Listing) -> pa.Table:
    """The rows of a piece, of which there must be as many as when it was listed."""
    uri, start, stop = piece["uri"], piece["start"], piece["stop"]
    with opened(file, time) as part:
        groups = {
            index: edges
            for index, edges in enumerate(part.row_groups)
            if edges[0] < stop and start < edges[1]
        }
        begin = min((first for first, _ in groups.values()), default=start)
        rows = part.read([*groups]).slice(start - begin, stop - start)
        rows = rows.filter(is_wanted(rows[time], listing))
    if rows.num_rows != piece["rows"]:
        raise WorldError(
            f"{uri}: expected {piece['rows']} rows from row {start} to {stop}, found {rows.num_rows}: "
            "it has changed since it was listed; run again"
        )
    return rows


class Cut:
    """Cuts rows as they come into shards of `rows` at most, and where files of other columns begin."""

    def __init__(self, rows: int):
        self.shards: list[Shard] = []
        self._rows, self._room = rows, 0
        self._uri = ""
        self._schema: pa.Schema | None = None

    def begin(self, uri: str, schema: pa.Schema) -> None:
        schema = schema.remove_metadata()
        if schema != self._schema:
            self._room = 0
        self._uri, self._schema = uri, schema

    def take(self, begin: int, positions: pa.Array[Any]) -> None:
        """The rows of the file at `positions` after its row `begin`, in order."""
        taken = 0
        while taken < len(positions):
            if not self._room:
                self.shards.append({"name": f"{len(self.shards):05}", "rows": 0, "pieces": []})
                self._room = self._rows
            count = min(self._room, len(positions) - taken)
            first, last = (begin + positions[at].as_py() for at in (taken, taken + count - 1))
            self._add(first, last + 1, count)
            taken += count
            self._room -= count

    def _add(self, start: int, stop: int, rows: int) -> None:
        shard = self.shards[-1]
        shard["rows"] += rows
        if shard["pieces"] and shard["pieces"][-1]["uri"] == self._uri:
            piece = shard["pieces"][-1]
            piece["stop"] = stop
            piece["rows"] += rows
        else:
            shard["pieces"].append({"uri": self._uri, "start": start, "stop": stop, "rows": rows})


def is_wanted(times: pa.ChunkedArray[Any], listing: Listing) -> Mask:
    if listing["input_uri"]:
        return pc.is_valid(pc.is_null(times))  # true, for each of them
    return is_inside(times, *wanted_span(listing))


def span(listing: Listing) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(listing["start"]), datetime.fromisoformat(listing["end"])


def wanted_span(listing: Listing) -> tuple[datetime, datetime]:
    """The times of the rows that are predicted in the span of a listing."""
    start, end = span(listing)
    return start + lead_of(listing), end + lead_of(listing)
