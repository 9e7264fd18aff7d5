"""Load the tables' rows of one window, and write down what they are by hash."""

import calendar
import hashlib
import json
import struct
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from components.shared import command_line, storage, tables


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--data-settings", type=command_line.json_object, required=True)
    parser.add_argument("--window", choices=["training", "evaluation"], required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True, help="today's date, YYYY-MM-DD")
    parser.add_argument("--tables", type=command_line.output_file, required=True)
    arguments = parser.parse_args()
    settings = arguments.data_settings

    start, end = window_of(settings, arguments.window, arguments.as_of)
    with tables.written_whole(arguments.tables) as folder:
        folder.mkdir()
        loaded = {}
        for name, table in settings["tables"].items():
            history = 0 if name == settings["rows"] else table.get("history_days", 0)
            rows = read_rows(table["uri"], table["time"], start - timedelta(days=history), end)
            loaded[name] = write_rows(rows, folder / f"{name}.parquet") | {"uri": table["uri"]}
            print(f"{name}: {rows.num_rows} rows of {arguments.window}, {start:%Y-%m-%d} to {end:%Y-%m-%d}")
        tables.write_json(
            {
                "window": arguments.window,
                "start": start.isoformat(),
                "end": end.isoformat(),
                "as_of": arguments.as_of.isoformat(),
                "label_matures_after_days": settings["label_matures_after_days"],
                "tables": loaded,
                "sha256": joint_sha256(loaded),
            },
            folder / "snapshot.json",
        )


def window_of(settings: dict[str, Any], window: str, as_of: date) -> tuple[datetime, datetime]:
    """The window's first moment, and the first after it; evaluation ends where labels stop being mature."""
    today = datetime(as_of.year, as_of.month, as_of.day)
    mature_until = today - timedelta(settings["label_matures_after_days"])
    evaluation_start = mature_until - timedelta(settings["windows"]["evaluation_days"])
    if window == "evaluation":
        return evaluation_start, mature_until
    return evaluation_start - timedelta(settings["windows"]["training_days"]), evaluation_start


def read_rows(uri: str, time: str, start: datetime, end: datetime) -> pa.Table:
    """The rows with start <= `time` < end of a parquet file, or of all that are below a folder."""
    with storage.clear_errors(uri):
        filesystem, path = storage.filesystem(uri)
        files = parquet_files(filesystem, path)
        if not files:
            raise storage.NotFound(f"{uri}: there is no parquet file here; check the URI")
    parts = [
        read_part(filesystem, file, f"{uri}{file.removeprefix(path)}", time, start, end) for file in files
    ]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except pa.ArrowException as error:
        raise command_line.SettingsError(f"{uri}: expected files of one schema, found: {error}") from None


def read_part(
    filesystem: fs.FileSystem, file: str, uri: str, time: str, start: datetime, end: datetime
) -> pa.Table:
    """The rows of one file; where its time column says that there are none, nothing else of it is read."""
    with storage.clear_errors(uri), pq.ParquetFile(file, filesystem=filesystem, pre_buffer=True) as part:
        check_time(part.schema_arrow, time, uri)
        times = part.read([time])[time]
        since, until = moment(start, times.type), moment(end, times.type)
        inside = pc.and_(pc.greater_equal(times, since), pc.less(times, until))
        return part.read().filter(inside) if pc.any(inside).as_py() else part.read_row_groups([])


def moment(time: datetime, kind: pa.DataType) -> pa.Scalar:
    """As pa.scalar and pyarrow.dataset would, but they import pandas where it is installed: a second."""
    seconds = struct.pack("q", calendar.timegm(time.timetuple()))
    return pa.Array.from_buffers(pa.timestamp("s"), 1, [None, pa.py_buffer(seconds)])[0].cast(kind)


def parquet_files(filesystem: fs.FileSystem, path: str) -> list[str]:
    if filesystem.get_file_info(path).type == fs.FileType.File:
        return [path]
    below = filesystem.get_file_info(fs.FileSelector(path, recursive=True))
    return sorted(info.path for info in below if info.extension == "parquet")


def check_time(schema: pa.Schema, time: str, uri: str) -> None:
    if time not in schema.names:
        hint = command_line.nearest(time, schema.names)
        raise command_line.SettingsError(
            f"{uri}: expected a time column {time!r}, found {', '.join(schema.names)}{hint}"
        )
    kind = schema.field(time).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise command_line.SettingsError(f"{uri}: expected timestamps in column {time!r}, found {kind}")


def write_rows(rows: pa.Table, path: Path) -> dict[str, Any]:
    tables.write_table(rows, path)
    return {"rows": rows.num_rows, "sha256": tables.file_sha256(path)}


def joint_sha256(loaded: dict[str, dict[str, Any]]) -> str:
    """One hash for all tables: of their names and hashes, not of where they came from."""
    hashes = {name: table["sha256"] for name, table in loaded.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    command_line.run(main)
