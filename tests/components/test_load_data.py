import hashlib
import json
import shutil
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.components.conftest import AS_OF, FLIGHTS, expect_document


def test_windows_follow_each_other_up_to_the_newest_mature_label(loaded: dict[str, Path]) -> None:
    training, evaluation = (json.loads((loaded[name] / "snapshot.json").read_text()) for name in loaded)
    assert (training["start"], training["end"]) == ("2013-01-14T00:00:00", "2013-01-28T00:00:00")
    assert (evaluation["start"], evaluation["end"]) == ("2013-01-28T00:00:00", "2013-02-04T00:00:00")
    assert (evaluation["window"], evaluation["as_of"]) == ("evaluation", AS_OF)
    for snapshot in (training, evaluation):
        expect_document(snapshot, "snapshot")


def test_the_rows_are_those_of_the_window_from_any_month(loaded: dict[str, Path]) -> None:
    year = pq.read_table(FLIGHTS / "flights").to_pandas()
    departure = year["scheduled_departure"]
    expected = year[(departure >= "2013-01-28") & (departure < "2013-02-04")]
    found = pq.read_table(loaded["evaluation"] / "flights.parquet").to_pandas()
    assert found["flight_id"].tolist() == expected["flight_id"].tolist()
    assert found["scheduled_departure"].dt.month.nunique() == 2


def test_other_tables_begin_earlier_by_their_history(loaded: dict[str, Path]) -> None:
    observed = pq.read_table(loaded["evaluation"] / "weather.parquet")["observed_at"].to_pylist()
    assert min(observed) == datetime(2013, 1, 26)
    assert max(observed) == datetime(2013, 2, 3, 23)


@pytest.mark.parametrize(
    ("window", "first", "before"),
    [("evaluation", (2013, 1, 25), (2013, 1, 27)), ("training", (2013, 1, 11), (2013, 1, 27))],
)
def test_history_has_the_outcomes_that_were_known(
    run_component, data_settings, loaded, tmp_path, window: str, first: tuple, before: tuple
) -> None:
    """Two days before the window and one until an outcome is known: of training's own rows too."""
    data_settings["tables"]["flights"]["history_days"] = 2
    assert load(run_component, data_settings, tmp_path / "tables", window).status == 0
    rows, history = (
        pq.read_table(tmp_path / f"tables/{name}.parquet") for name in ("flights", "flights_history")
    )
    assert rows.equals(pq.read_table(loaded[window] / "flights.parquet")), "the rows have no history"
    year = pq.read_table(FLIGHTS / "flights").to_pandas()
    departure = year["scheduled_departure"]
    expected = year[(departure >= datetime(*first)) & (departure < datetime(*before))]
    assert history["flight_id"].to_pylist() == expected["flight_id"].tolist()
    assert history["arr_delay"].null_count == expected["arr_delay"].isna().sum()
    found = history.to_pandas()
    assert (found["known_at"] == found["scheduled_departure"] + pd.Timedelta(days=1)).all()
    snapshot = json.loads((tmp_path / "tables/snapshot.json").read_text())
    expect_document(snapshot, "snapshot")
    entry = snapshot["tables"]["flights_history"]
    assert (entry["rows"], entry["history_days"]) == (len(expected), 2)
    assert entry["known_before"] == snapshot["start" if window == "evaluation" else "end"]


def test_rolling_history_goes_up_to_the_end_of_evaluation(run_component, data_settings, tmp_path) -> None:
    data_settings["tables"]["flights"]["history_days"] = 2
    data_settings["windows"]["history"] = "rolling"
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    known = pq.read_table(tmp_path / "tables/flights_history.parquet")["known_at"].to_pylist()
    assert (min(known).date(), max(known).date()) == (date(2013, 1, 26), date(2013, 2, 3))


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.date32()], ids=str)
def test_a_row_is_not_in_its_own_history(run_component, data_settings, tmp_path, kind: pa.DataType) -> None:
    """Its outcome may be known at the very time that it has."""
    days = pa.array([datetime(2013, 1, day) for day in range(25, 32)], pa.timestamp("s")).cast(kind)
    pq.write_table(pa.table({"day": days}), tmp_path / "days.parquet")
    table = {"uri": (tmp_path / "days.parquet").as_uri(), "time": "day", "history_days": 2}
    data_settings |= {"tables": {"days": table}, "rows": "days", "label_matures_after_days": 0}
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    rows, history = (pq.read_table(tmp_path / f"tables/{name}.parquet") for name in ("days", "days_history"))
    assert rows["day"].to_pylist()[0] == datetime(2013, 1, 29)
    assert history["known_at"].to_pylist() == [datetime(2013, 1, 27), datetime(2013, 1, 28)]


def test_lead_and_arrival_are_written_down_with_the_rows_that_they_need(
    run_component, data_settings, tmp_path
) -> None:
    data_settings["lead_hours"] = 25
    data_settings["tables"]["flights"]["history_days"] = 2
    data_settings["tables"]["weather"]["arrives_after_minutes"] = 30
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    snapshot = json.loads((tmp_path / "tables/snapshot.json").read_text())
    expect_document(snapshot, "snapshot")
    assert snapshot["lead_hours"] == 25
    weather = snapshot["tables"]["weather"]
    about = {name: weather[name] for name in ("time", "arrives_after_minutes", "history_days")}
    assert about == {"time": "observed_at", "arrives_after_minutes": 30, "history_days": 2}
    observed = pq.read_table(tmp_path / "tables/weather.parquet")["observed_at"].to_pylist()
    assert min(observed) == datetime(2013, 1, 24), "two days before that on which the first row is predicted"
    known = pq.read_table(tmp_path / "tables/flights_history.parquet")["known_at"].to_pylist()
    assert min(known).date() == date(2013, 1, 24)
    assert (
        min(pq.read_table(tmp_path / "tables/flights.parquet")["scheduled_departure"].to_pylist()).day == 28
    )


def test_rows_that_say_when_they_were_known_are_refused(run_component, data_settings, tmp_path) -> None:
    pq.write_table(pa.table({"day": [datetime(2013, 1, 30)], "known_at": [None]}), tmp_path / "days.parquet")
    table = {"uri": (tmp_path / "days.parquet").as_uri(), "time": "day", "history_days": 2}
    data_settings |= {"tables": {"days": table}, "rows": "days"}
    ended = load(run_component, data_settings, tmp_path / "tables")
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert "expected no column known_at in a table with history_days" in ended.error


def test_of_other_times_only_the_time_is_read(run_component, data_settings, tmp_path) -> None:
    file = tmp_path / "days.parquet"
    for month in (1, 2):
        pq.write_table(pa.table({"value": [1], "day": [datetime(2013, month, 2)]}), file)
        page = pq.read_metadata(file).row_group(0).column(0).data_page_offset
        broken = file.read_bytes()[:page] + bytes(16) + file.read_bytes()[page + 16 :]
        file.write_bytes(broken)
        data_settings["tables"]["days"] = {"uri": file.as_uri(), "time": "day"}
        inside = month == 2
        assert load(run_component, data_settings, tmp_path / "tables").status == (3 if inside else 0)


def test_the_snapshot_names_the_tables_by_hash(loaded: dict[str, Path]) -> None:
    snapshot = json.loads((loaded["training"] / "snapshot.json").read_text())
    for name, table in snapshot["tables"].items():
        file = loaded["training"] / f"{name}.parquet"
        assert table["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert table["rows"] == pq.read_metadata(file).num_rows > 0
        assert table["uri"] == (FLIGHTS / name).as_uri()
    other = json.loads((loaded["evaluation"] / "snapshot.json").read_text())
    assert snapshot["sha256"] != other["sha256"]


def test_the_same_rows_from_elsewhere_have_the_same_hash(
    run_component, data_settings, loaded, tmp_path
) -> None:
    for name in ("flights", "weather"):
        elsewhere = tmp_path / name / "below"
        elsewhere.mkdir(parents=True)
        (elsewhere.parent / "README.md").write_text("no table")
        for month in ("2013-01", "2013-02"):
            shutil.copy(FLIGHTS / name / f"{month}.parquet", elsewhere)
        data_settings["tables"][name]["uri"] = (tmp_path / name).as_uri()
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    first, second = (
        json.loads((folder / "snapshot.json").read_text())["sha256"]
        for folder in (loaded["evaluation"], tmp_path / "tables")
    )
    assert first == second


def test_tables_come_from_s3(run_component, data_settings, seaweedfs, s3_folder, tmp_path) -> None:
    data_settings["tables"]["weather"]["uri"] = upload_weather(seaweedfs, s3_folder)
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    assert pq.read_metadata(tmp_path / "tables" / "weather.parquet").num_rows > 500


def test_refused_credentials_are_reported(
    run_component, data_settings, seaweedfs, s3_folder, s3_identity, tmp_path
) -> None:
    uri = upload_weather(seaweedfs, s3_folder)
    data_settings["tables"]["weather"]["uri"] = uri
    s3_identity("stranger")
    said_and_left_nothing(
        load(run_component, data_settings, tmp_path / "tables"), tmp_path, uri, "credentials"
    )


@pytest.mark.parametrize("scheme", ["file", "s3"])
def test_a_uri_that_does_not_exist_is_reported(
    run_component, data_settings, s3_folder, tmp_path, scheme: str
) -> None:
    uri = {"file": (tmp_path / "nowhere").as_uri(), "s3": f"{s3_folder}/nowhere"}[scheme]
    data_settings["tables"]["weather"]["uri"] = uri
    said_and_left_nothing(load(run_component, data_settings, tmp_path / "tables"), tmp_path, uri)


@pytest.mark.parametrize("length", [0, 1000, -1])
def test_a_truncated_file_is_reported(run_component, data_settings, tmp_path, length: int) -> None:
    (tmp_path / "weather").mkdir()
    whole = (FLIGHTS / "weather" / "2013-01.parquet").read_bytes()
    (tmp_path / "weather" / "2013-01.parquet").write_bytes(whole[:length])
    data_settings["tables"]["weather"]["uri"] = uri = (tmp_path / "weather").as_uri()
    ended = load(run_component, data_settings, tmp_path / "tables")
    said_and_left_nothing(ended, tmp_path, f"{uri}/2013-01.parquet: ")


def test_files_with_different_types_of_a_column_are_reported(run_component, data_settings, tmp_path) -> None:
    for day, value in ((1, 1), (2, "one")):
        table = pa.table({"day": [datetime(2013, 2, day)], "value": [value]})
        pq.write_table(table, tmp_path / f"{day}.parquet")
    data_settings["tables"]["days"] = {"uri": tmp_path.as_uri(), "time": "day"}
    ended = load(run_component, data_settings, tmp_path / "tables")
    assert ended.status == 2
    assert f"{tmp_path.as_uri()}/2.parquet: expected column 'value' of type int64" in ended.error


def test_a_folder_without_parquet_is_reported(run_component, data_settings, tmp_path) -> None:
    data_settings["tables"]["weather"]["uri"] = uri = FLIGHTS.parent.parent.joinpath("tests").as_uri()
    said_and_left_nothing(
        load(run_component, data_settings, tmp_path / "tables"), tmp_path, uri, "no parquet"
    )


def test_a_wrong_time_column_gets_the_nearest_right_one(run_component, data_settings, tmp_path) -> None:
    data_settings["tables"]["weather"]["time"] = "observd_at"
    ended = load(run_component, data_settings, tmp_path / "tables")
    assert ended.status == 2
    assert "did you mean observed_at?" in ended.error
    data_settings["tables"]["weather"]["time"] = "origin"
    assert (
        "expected timestamps in column 'origin', found"
        in load(run_component, data_settings, tmp_path / "t").error
    )


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.timestamp("us", "UTC"), pa.date32()], ids=str)
def test_times_of_any_type_are_cut_on_one_clock(
    run_component, data_settings, tmp_path, kind: pa.DataType
) -> None:
    days = pa.array([datetime(2013, 2, day) for day in range(1, 8)], pa.timestamp("s")).cast(kind)
    written = pa.Table.from_pandas(pa.table({"day": days}).to_pandas())
    pq.write_table(written, tmp_path / "days.parquet", row_group_size=2)
    data_settings["tables"]["days"] = {"uri": (tmp_path / "days.parquet").as_uri(), "time": "day"}
    assert load(run_component, data_settings, tmp_path / "tables").status == 0
    found = pq.read_table(tmp_path / "tables" / "days.parquet").to_pandas()
    assert found["day"].tolist() == [datetime(2013, 2, day) for day in (1, 2, 3)]


def test_a_full_disk_leaves_nothing_half_written(run_component, data_settings, full_disk, tmp_path) -> None:
    with full_disk():
        ended = load(run_component, data_settings, tmp_path / "tables")
    said_and_left_nothing(ended, tmp_path, "cannot be written")


@pytest.mark.parametrize("as_of", ["yesterday", "[[ScheduledTime.2006-01-02]]"])
def test_as_of_is_a_date(run_component, data_settings, tmp_path, as_of: str) -> None:
    options = {"data_settings": data_settings, "window": "training", "as_of": as_of}
    ended = run_component("load_data", **options, tables=tmp_path / "tables")
    assert ended.status == 2
    assert as_of in ended.error


def test_pandas_is_not_imported(loaded: dict[str, Path]) -> None:
    program = f"""
import sys
from datetime import date, datetime
from engine.datasets.history import known_at
from engine.datasets.rows import read_rows
window = datetime(2013, 3, 1), datetime(2013, 3, 2)
rows = read_rows({(FLIGHTS / "flights").as_uri()!r}, "scheduled_departure", *window)
known_at(rows["scheduled_departure"], 1)
sys.exit(rows.num_rows == 0 or "pandas" in sys.modules)
"""
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=FLIGHTS.parents[1], check=False).returncode == 0
    )


def load(run_component: Any, data_settings: dict[str, Any], tables: Path, window: str = "evaluation") -> Any:
    options = {"data_settings": data_settings, "window": window, "as_of": AS_OF}
    return run_component("load_data", **options, tables=tables)


def said_and_left_nothing(ended: Any, folder: Path, *words: str) -> None:
    assert ended.status == 3
    assert ended.error.count("\n") == 1
    assert all(word in ended.error for word in words), ended.error
    assert not [path for path in folder.iterdir() if "tables" in path.name]


def upload_weather(seaweedfs: Any, s3_folder: str) -> str:
    bucket, _, prefix = s3_folder.removeprefix("s3://").partition("/")
    for month in ("2013-01", "2013-02"):
        file = FLIGHTS / "weather" / f"{month}.parquet"
        seaweedfs.client().upload_file(str(file), bucket, f"{prefix}/weather/{month}.parquet")
    return f"{s3_folder}/weather"
