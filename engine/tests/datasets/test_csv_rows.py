"""CSV files are read by the types that are declared, or refused by a line that names file and column."""

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import SettingsError, WorldError
from engine.datasets.csv_rows import TYPES
from engine.datasets.rows import read_rows
from engine.datasets.shards import list_rows, load
from engine.settings.data_schema import ColumnType

DAY = datetime(2013, 2, 1)
WINDOW = DAY, datetime(2013, 3, 1)
DECLARED = {"at": "timestamp", "id": "integer", "carrier": "text", "price": "number", "is_late": "boolean"}
HEADER = "id,at,not declared,carrier,price,is_late\n"


def read(folder: Path, types: dict[str, str] | None = None) -> pa.Table:
    return read_rows(folder.as_uri(), "at", *WINDOW, types or DECLARED)


def test_declared_columns_have_their_types(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(HEADER + '7,2013-02-01 10:30:00,x,"U\nA",1.5,true\n8,2013-02-02,,,,\n')
    (tmp_path / "zone=2").mkdir()
    (tmp_path / "zone=2/2.csv.gz").write_bytes(gzip.compress(f"{HEADER}9,2013-02-03,,AA,2,0\n".encode()))
    (tmp_path / "3.csv").write_text(HEADER + "1,2013-01-31,,,,\n")
    (tmp_path / "notes.txt").write_text("no rows")
    rows = read(tmp_path)
    assert rows.to_pylist() == [
        row_of(datetime(2013, 2, 1, 10, 30), 7, "U\nA", 1.5, True, None),
        row_of(datetime(2013, 2, 2), 8, None, None, None, None),
        row_of(datetime(2013, 2, 3), 9, "AA", 2.0, False, 2),
    ]


def row_of(*values: Any) -> dict[str, Any]:
    return dict(zip([*DECLARED, "zone"], values, strict=True))


@pytest.mark.parametrize("text", ["2013-02-01T02:00:00+02:00", "2013-02-01T00:00:00Z", "2013-02-01"])
def test_times_are_in_utc(tmp_path: Path, text: str) -> None:
    (tmp_path / "1.csv").write_text(f"at\n{text}\n")
    assert read(tmp_path, {"at": "timestamp"})["at"].to_pylist() == [DAY]


def test_the_time_may_be_a_date(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("at\n2013-02-01\n")
    assert read(tmp_path, {"at": "date"})["at"].to_pylist() == [date(2013, 2, 1)]


@pytest.mark.parametrize(
    ("text", "said", "kind"),
    [
        (HEADER + "7.5,2013-02-01,,,,\n", "1.csv: expected integer in each 'id', found: ", SettingsError),
        (HEADER + "7,yesterday,,,,\n", "1.csv: expected timestamp in each 'at', found: ", SettingsError),
        ("id\n7\n", "1.csv: expected the columns at, id, carrier, price, is_late, found: ", SettingsError),
        ("", "1.csv: expected readable data, found: Empty CSV file", WorldError),
        (HEADER + "7,2013-02-01\n", "1.csv: expected readable data, found: CSV parse error", WorldError),
    ],
)
def test_a_value_of_another_type_is_reported_in_one_line(
    tmp_path: Path, text: str, said: str, kind: type[Exception]
) -> None:
    (tmp_path / "1.csv").write_text(text)
    with pytest.raises(kind) as error:
        read(tmp_path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_csv_is_reported(tmp_path: Path) -> None:
    (tmp_path / "1.parquet").write_text("")
    with pytest.raises(WorldError, match="there is no CSV file here"):
        read(tmp_path)


def test_rows_of_csv_are_predicted_in_shards(tmp_path: Path) -> None:
    lines = "".join(f"{number},2013-02-01,,,,\n" for number in range(5))
    (tmp_path / "1.csv").write_text(HEADER + lines)
    table = {"uri": tmp_path.as_uri(), "time": "at", "types": DECLARED}
    settings = {"tables": {"rows": table}, "rows": "rows"}
    listing = list_rows(settings, {"days": 1, "shard_rows": 3}, DAY.date(), "")
    for shard, ids in zip(listing["shards"], ([0, 1, 2], [3, 4]), strict=True):
        load(settings, listing, shard["name"], tmp_path / shard["name"])
        found = pq.ParquetFile(tmp_path / shard["name"] / "rows.parquet").read()
        assert found["id"].to_pylist() == ids


def test_the_settings_know_the_types() -> None:
    assert {*ColumnType.__args__} == {*TYPES}
