"""Tables that others wrote are read as they are, or refused by one line that names file and column."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.command_line import SettingsError, WorldError
from engine.datasets.rows import read_rows, write_rows
from engine.tables import read_table

DAY = datetime(2013, 2, 1)
FAR = datetime(9999, 12, 31)
WINDOW = DAY, datetime(2013, 3, 1)
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the table: rows on the first day of the window, unless `at` says when."""

    def written(name: str, at: Any = None, **columns: Any) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = len(next(iter(columns.values())))
        times = pa.array([DAY] * rows, pa.timestamp("us")) if at is None else at
        pq.write_table(pa.table({"at": times, **columns}), path)

    return written


def test_files_of_unfinished_jobs_and_of_systems_are_left_out(write: Write, tmp_path: Path) -> None:
    write("part-00000-c000.snappy.parquet", id=[1])
    write("2013/part-00001-c000.snappy.parquet", id=[2])
    for name in ("_temporary/0/part-0.parquet", "_metadata", ".staging/part-0.parquet", "x/.hidden.parquet"):
        write(name, id=[3])
    for name in ("_SUCCESS", "._part-00000-c000.snappy.parquet", "2013/._SUCCESS", "part.crc", "README.md"):
        (tmp_path / name).write_bytes(b"no parquet")
    (tmp_path / "2013_$folder$").touch()  # Hadoop's mark of a folder in a bucket
    assert read(tmp_path)["id"].to_pylist() == [2, 1]


def test_files_need_no_extension(write: Write, tmp_path: Path) -> None:
    write("000000_0", id=[1])
    write("000001_0", id=[2])
    assert read(tmp_path)["id"].to_pylist() == [1, 2]
    (tmp_path / "README").write_bytes(b"no parquet")
    expect_refusal(tmp_path, f"{tmp_path.as_uri()}/README: expected readable data", WorldError)


@pytest.mark.parametrize(
    "log", ["_delta_log/00000000000000000000.json", "metadata/v1.metadata.json", ".hoodie/hoodie.properties"]
)
def test_tables_whose_files_keep_deleted_rows_are_refused(write: Write, tmp_path: Path, log: str) -> None:
    write("part-0.parquet", id=[1])
    (tmp_path / log).parent.mkdir()
    (tmp_path / log).write_text("{}")
    expect_refusal(tmp_path, f"table ({log.partition('/')[0]}")


def test_hive_partitions_are_columns(write: Write, tmp_path: Path) -> None:
    write("country=DE/zone=1/0.parquet", id=[1, 2])
    write("country=C%C3%B4te d%27Ivoire/zone=02/0.parquet", id=[3])
    write("country=__HIVE_DEFAULT_PARTITION__/zone=3/0.parquet", id=[4])
    rows = read(tmp_path).sort_by("id")
    assert rows["country"].to_pylist() == ["DE", "DE", "Côte d'Ivoire", None]
    assert rows["zone"].to_pylist() == [1, 1, 2, 3]


def test_a_column_that_the_file_stores_is_not_taken_from_its_path(write: Write, tmp_path: Path) -> None:
    write("zone=1/0.parquet", zone=["one"])
    assert read(tmp_path)["zone"].to_pylist() == ["one"]


def test_the_time_may_be_a_partition(tmp_path: Path) -> None:
    for day in ("2013-01-31", "2013-02-01", "2013-02-02 12%3A00%3A00", "2013-03-01"):
        (tmp_path / f"at={day}").mkdir()
        pq.write_table(pa.table({"day": [day]}), tmp_path / f"at={day}/0.parquet")
    rows = read(tmp_path)
    assert rows["at"].to_pylist() == [DAY, datetime(2013, 2, 2, 12)]
    (tmp_path / "at=soon").mkdir()
    pq.write_table(pa.table({"day": ["soon"]}), tmp_path / "at=soon/0.parquet")
    expect_refusal(tmp_path, "at=soon/0.parquet: expected a date or time as partition 'at', found 'soon'")


@pytest.mark.parametrize(
    "folder",
    [
        "year={0:%Y}/month={0:%m}/day={0:%d}",
        "Year={0.year}/Month={0.month}",
        "at_day={0:%F}",
        "ds={0:%Y%m%d}",
    ],
)
def test_partitions_of_other_times_are_not_read(write: Write, tmp_path: Path, folder: str) -> None:
    write(f"{folder.format(DAY)}/0.parquet", id=[1])
    elsewhere = tmp_path / folder.format(datetime(2013, 6, 1))
    elsewhere.mkdir(parents=True)
    (elsewhere / "0.parquet").write_bytes(b"not read")
    assert read(tmp_path)["id"].to_pylist() == [1]


def test_partitions_that_are_not_of_the_rows_time_are_all_read(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = pa.array([DAY, datetime(2013, 2, 3)])
    write("arrived=2013-02-03/0.parquet", at=late, id=[1, 2])
    write("arrived=2013-06-01/0.parquet", at=late, id=[3, 4])
    assert read(tmp_path)["id"].to_pylist() == [1, 2, 3, 4]
    assert "0.parquet: has rows from 2013-02-01 00:00:00 to 2013-02-03" in capsys.readouterr().out


def test_no_partition_of_the_window_leaves_the_columns(write: Write, tmp_path: Path) -> None:
    write("year=2012/0.parquet", at=pa.array([datetime(2012, 5, 1)]), id=[1])
    assert (read(tmp_path).num_rows, read(tmp_path).column_names) == (0, ["at", "id", "year"])


def test_a_stored_index_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"at": [DAY] * 3, "id": [1, 2, 3]}, index=pd.Index([7, 7, 7], name="plane"))
    frame.to_parquet(tmp_path / "0.parquet")
    frame.reset_index(drop=True)[1:].to_parquet(tmp_path / "1.parquet")
    written = write_rows(read(tmp_path), "at", tmp_path / "rows", "")
    found = read_table(tmp_path / "rows").to_pandas()
    assert (written["rows"], found.index.tolist()) == (5, [0, 1, 2, 3, 4])
    assert found["plane"].tolist()[:3] == [7, 7, 7]


def test_times_of_int96_never_wrap(tmp_path: Path) -> None:
    rows = pa.table({"at": pa.array([DAY, FAR], pa.timestamp("us")), "until": [FAR, DAY]})
    pq.write_table(rows, tmp_path / "0.parquet", use_deprecated_int96_timestamps=True)
    found = read_table_as_pandas(tmp_path)
    assert found["until"].dt.year.tolist() == [9999]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_times_beyond_nanoseconds_never_wrap(write: Write, tmp_path: Path, unit: str) -> None:
    write("0.parquet", at=pa.array([DAY, FAR]).cast(pa.timestamp(unit)), id=[1, 2])
    write("1.parquet", at=pa.array([DAY]).cast(pa.timestamp("ns")), id=[3])
    write("2.parquet", until=pa.array([FAR]).cast(pa.timestamp(unit)))
    write("3.parquet", until=pa.array([1], pa.timestamp("ns")))
    found = read_table_as_pandas(tmp_path)
    assert found["id"].tolist()[:2] == [1, 3]
    assert found["until"].dt.year.tolist()[2:] == [9999, 1970]
    assert set(found["at"]) == {DAY}


def test_rows_without_a_time_are_left_out_and_counted(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("0.parquet", at=pa.array([None, DAY, None], pa.timestamp("us")), id=[1, 2, 3])
    write("1.parquet", at=pa.nulls(1), id=[4])
    assert read(tmp_path)["id"].to_pylist() == [2]
    assert "3 rows have no at and are left out" in capsys.readouterr().out


def test_whole_decimals_are_whole_numbers(write: Write, tmp_path: Path) -> None:
    keys = [Decimal(10**17), Decimal(7)]
    price = pa.array([Decimal("1.50")] * 2)
    write("0.parquet", id=pa.array(keys, pa.decimal128(38, 0)), price=price)
    assert read(tmp_path)["id"].to_pylist() == [10**17, 7]
    assert read(tmp_path)["price"].type == price.type
    write("1.parquet", id=pa.array([Decimal(10**30)], pa.decimal128(38, 0)))
    expect_refusal(tmp_path, "1.parquet: expected whole numbers of 64 bits in column 'id'")


def test_an_empty_day_has_no_types(write: Write, tmp_path: Path) -> None:
    write("0.parquet", at=pa.nulls(0), id=pa.nulls(0), carrier=pa.nulls(0), late=pa.nulls(0))
    write("1.parquet", id=[1], carrier=pa.array(["UA"]).dictionary_encode(), late=[1.0])
    write("2.parquet", at=pa.nulls(0), id=pa.nulls(0), carrier=pa.nulls(0), late=pa.nulls(0))
    assert read(tmp_path).drop_columns("at").to_pylist() == [{"id": 1, "carrier": "UA", "late": 1.0}]


def test_text_is_text_however_it_is_stored(write: Write, tmp_path: Path) -> None:
    texts = pa.array(["UA", "", None])
    kinds = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()))
    for number, kind in enumerate(kinds):
        write(f"{number}.parquet", carrier=texts.cast(kind))
    write("4.parquet", carrier=pa.array(["AA"]).dictionary_encode())
    assert read(tmp_path)["carrier"].to_pylist() == ["UA", "", None] * 4 + ["AA"]


def test_bytes_are_bytes_however_they_are_stored(write: Write, tmp_path: Path) -> None:
    write("0.parquet", code=pa.array([b"1", None], pa.binary_view()))
    assert read(tmp_path)["code"].to_pylist() == [b"1", None]


def test_categories_and_missing_labels_stay_as_they_are(tmp_path: Path) -> None:
    carrier = pd.Series(["UA", "", None], dtype="category")
    frame = pd.DataFrame({"at": [DAY] * 3, "carrier": carrier, "late": [1.0, float("nan"), 0.0]})
    frame.to_parquet(tmp_path / "0.parquet")
    pd.testing.assert_frame_equal(read_table_as_pandas(tmp_path), frame)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (pa.array([1]), pa.array(["1"]), "expected column 'value' of type int64"),
        (pa.array([2**60 + 1]), pa.array([0.5]), "expected column 'value' to fit double"),
        (pa.array([DAY], pa.timestamp("us", "UTC")), pa.array([DAY]), "of type timestamp[us, tz=UTC]"),
        (pa.array([date(2013, 2, 1)]), pa.array([DAY]), "of type date32[day]"),
    ],
)
def test_types_that_do_not_fit_name_file_and_column(
    write: Write, tmp_path: Path, first: Any, second: Any, said: str
) -> None:
    write("0.parquet", value=first)
    write("1.parquet", value=second)
    expect_refusal(tmp_path, said)
    expect_refusal(tmp_path, ".parquet: expected column 'value'")


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    rows = pa.Table.from_arrays([pa.array([DAY]), pa.array([1]), pa.array([2])], names=["at", "id", "id"])
    pq.write_table(rows, tmp_path / "0.parquet")
    expect_refusal(tmp_path, "0.parquet: expected column 'id' once")


def read(folder: Path) -> pa.Table:
    return read_rows(f"{folder.as_uri()}/", "at", *WINDOW)


def read_table_as_pandas(folder: Path) -> pd.DataFrame:
    """As features.py gets the rows."""
    write_rows(read(folder), "at", folder / "_rows", "")
    return read_table(folder / "_rows").to_pandas()


def expect_refusal(folder: Path, said: str, kind: type[Exception] = SettingsError) -> None:
    with pytest.raises(kind) as error:
        read(folder)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
