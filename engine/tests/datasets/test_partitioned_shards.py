"""Rows to predict that lie in Hive partitions are listed and loaded as those of training are."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import WorldError
from engine.datasets.shards import list_rows, load

WANTED = {"days": 1, "shard_rows": 10}
AS_OF = date(2013, 2, 2)


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    table = {"uri": (tmp_path / "my flights").as_uri(), "time": "at"}
    return {"tables": {"flights": table}, "rows": "flights"}


def write(folder: Path, day: datetime, *keys: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"at": [day] * len(keys), "id": keys}), folder / "0.parquet")


def loaded(settings: dict[str, Any], tmp_path: Path, input_uri: str = "") -> pa.Table:
    listing = list_rows(settings, WANTED, AS_OF, input_uri)
    parts = []
    for shard in listing["shards"]:
        load(settings, listing, shard["name"], tmp_path / shard["name"])
        parts.append(pq.ParquetFile(tmp_path / shard["name"] / "flights.parquet").read())
    return pa.concat_tables(parts)


def test_partitions_are_columns_of_shards_and_other_days_are_not_read(settings, tmp_path) -> None:
    for day, zone in ((1, "1"), (2, "02"), (2, "3")):
        folder = tmp_path / f"my flights/day=2013-02-{day:02}/zone={zone}"
        write(folder, datetime(2013, 2, day), day * 10 + int(zone))
    elsewhere = tmp_path / "my flights/day=2013-06-01/zone=A"
    elsewhere.mkdir(parents=True)
    (elsewhere / "0.parquet").write_bytes(b"not read")
    rows = loaded(settings, tmp_path)
    assert rows["id"].to_pylist() == [22, 23]
    assert rows["day"].to_pylist() == ["2013-02-02"] * 2
    assert rows["zone"].to_pylist() == ["02", "3"]  # text, since a zone of the table is


def test_partitions_that_are_not_of_the_rows_time_are_all_listed(settings, tmp_path) -> None:
    write(tmp_path / "my flights/arrived=2013-02-02", datetime(2013, 1, 1), 1)
    write(tmp_path / "my flights/arrived=2013-06-01", datetime(2013, 2, 2), 2)
    assert loaded(settings, tmp_path)["id"].to_pylist() == [2]


def test_an_input_is_predicted_whatever_its_partitions_say(settings, tmp_path, capsys) -> None:
    write(tmp_path / "my flights/day=2013-02-02", datetime(2013, 2, 2), 1)
    write(tmp_path / "input/day=2014-01-01", datetime(2014, 1, 1), 2)
    write(tmp_path / "input/day=2014-01-02", datetime(2012, 1, 2), 3)
    assert loaded(settings, tmp_path, (tmp_path / "input").as_uri())["id"].to_pylist() == [2, 3]
    assert not capsys.readouterr().out


def test_a_removed_partition_is_reported(settings, tmp_path) -> None:
    write(tmp_path / "my flights/zone=1", datetime(2013, 2, 2), 1)
    listing = list_rows(settings, WANTED, AS_OF, "")
    write(tmp_path / "my flights/zone=2", datetime(2013, 2, 2), 1)
    (tmp_path / "my flights/zone=1/0.parquet").unlink()
    with pytest.raises(WorldError, match=r"zone=1/0\.parquet: there is nothing here any more; run again"):
        load(settings, listing, "00000", tmp_path / "tables")
