import json
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.datasets.shards import since
from tests.components.conftest import FLIGHTS, expect_document

AS_OF = "2013-01-31"
WANTED = {"days": 2, "shard_rows": 500}


def test_each_row_of_the_days_is_in_one_shard(run_component, data_settings, tmp_path) -> None:
    """The days are the last of one file and the first of the next."""
    listing, names = listed(run_component, data_settings, tmp_path)
    year = pq.read_table(FLIGHTS / "flights").to_pandas()
    departure = year["scheduled_departure"]
    expected = year[(departure >= "2013-01-31") & (departure < "2013-02-02")]["flight_id"].tolist()
    shards = [load(run_component, data_settings, tmp_path, name) for name in names]
    found = [pq.read_table(shard / "flights.parquet")["flight_id"].to_pylist() for shard in shards]
    assert [each for ids in found for each in ids] == expected
    assert [len(ids) for ids in found] == [500] * (len(names) - 1) + [len(expected) % 500]
    assert listing["rows"] == len(expected)
    assert {Path(piece["uri"]).name for shard in listing["shards"] for piece in shard["pieces"]} == {
        "2013-01.parquet",
        "2013-02.parquet",
    }


def test_every_shard_has_the_history_of_all_its_days(run_component, data_settings, tmp_path) -> None:
    _, names = listed(run_component, data_settings, tmp_path)
    hashes = set()
    for name in names:
        snapshot = json.loads(
            (load(run_component, data_settings, tmp_path, name) / "snapshot.json").read_text()
        )
        assert (snapshot["start"], snapshot["end"]) == ("2013-01-31T00:00:00", "2013-02-02T00:00:00")
        hashes.add(snapshot["tables"]["weather"]["sha256"])
    observed = pq.read_table(tmp_path / names[0] / "weather.parquet")["observed_at"].to_pylist()
    assert (min(observed), max(observed)) == (datetime(2013, 1, 29), datetime(2013, 2, 1, 23))
    assert len(hashes) == 1, "what a row's features are made of must not depend on its shard"


def test_every_shard_has_the_outcomes_that_were_known_before_its_days(
    run_component, data_settings, tmp_path
) -> None:
    data_settings["tables"]["flights"]["history_days"] = 2
    _, names = listed(run_component, data_settings, tmp_path)
    folders = [load(run_component, data_settings, tmp_path, name) for name in names]
    histories = [pq.read_table(folder / "flights_history.parquet") for folder in folders]
    assert len(names) > 1 and all(each.equals(histories[0]) for each in histories)
    known = histories[0]["known_at"].to_pylist()
    assert (min(known).date(), max(known).date()) == (date(2013, 1, 29), date(2013, 1, 30))


def test_rows_of_a_day_are_those_that_are_predicted_on_it(run_component, data_settings, tmp_path) -> None:
    """With a lead of six hours they are those from six o'clock to six o'clock."""
    data_settings["lead_hours"] = 6
    data_settings["tables"]["flights"]["history_days"] = 2
    listing, names = listed(run_component, data_settings, tmp_path)
    assert (listing["start"], listing["end"]) == ("2013-01-31T00:00:00", "2013-02-02T00:00:00")
    year = pq.read_table(FLIGHTS / "flights").to_pandas()
    departure = year["scheduled_departure"]
    expected = year[(departure >= "2013-01-31 06:00") & (departure < "2013-02-02 06:00")]
    folders = [load(run_component, data_settings, tmp_path, name) for name in names]
    found = [pq.read_table(folder / "flights.parquet")["flight_id"].to_pylist() for folder in folders]
    assert [each for ids in found for each in ids] == expected["flight_id"].tolist()
    snapshot = json.loads((folders[0] / "snapshot.json").read_text())
    assert (snapshot["start"], snapshot["end"], snapshot["lead_hours"]) == (
        listing["start"],
        listing["end"],
        6,
    )
    observed = pq.read_table(folders[0] / "weather.parquet")["observed_at"].to_pylist()
    assert (min(observed), max(observed)) == (datetime(2013, 1, 29), datetime(2013, 2, 2, 5))
    known = pq.read_table(folders[0] / "flights_history.parquet")["known_at"].to_pylist()
    assert (min(known).date(), max(known).date()) == (date(2013, 1, 29), date(2013, 1, 31))


def test_another_input_has_the_days_that_its_rows_are_predicted_on(
    run_component, data_settings, tmp_path
) -> None:
    days = pa.array([datetime(2013, 3, 2, 1), datetime(2013, 3, 9, 23)], pa.timestamp("us"))
    table = pa.table({"flight_id": range(2), "scheduled_departure": days})
    pq.write_table(table, tmp_path / "input.parquet")
    uri = (tmp_path / "input.parquet").as_uri()
    listing, _ = listed(run_component, data_settings | {"lead_hours": 6}, tmp_path, uri)
    assert (listing["start"], listing["end"]) == ("2013-03-01T00:00:00", "2013-03-10T00:00:00")


@pytest.mark.parametrize("groups", [3, 1000])
def test_another_input_is_predicted_whole_from_wherever_it_is(
    run_component, data_settings, seaweedfs, s3_folder, tmp_path, groups: int
) -> None:
    days = [datetime(2013, 3, 1), None, *[datetime(2013, 3, 9, 23)] * 6]
    table = pa.table({"flight_id": range(8), "scheduled_departure": pa.array(days, pa.timestamp("us"))})
    pq.write_table(table, tmp_path / "input.parquet", row_group_size=groups)
    bucket, _, prefix = s3_folder.removeprefix("s3://").partition("/")
    seaweedfs.client().upload_file(str(tmp_path / "input.parquet"), bucket, f"{prefix}/other/a.parquet")
    wanted = {"days": 1, "shard_rows": 5}
    listing, names = listed(run_component, data_settings, tmp_path, f"{s3_folder}/other", wanted)
    assert (listing["rows"], listing["start"], listing["end"]) == (
        8,
        "2013-03-01T00:00:00",
        "2013-03-10T00:00:00",
    )
    shards = [load(run_component, data_settings, tmp_path, name) for name in names]
    found = [pq.read_table(shard / "flights.parquet")["flight_id"].to_pylist() for shard in shards]
    assert found == [[0, 1, 2, 3, 4], [5, 6, 7]]


def test_files_of_other_columns_are_other_shards(run_component, data_settings, tmp_path) -> None:
    """Together, what one file lacks would be filled up with nothing."""
    for day, columns in ((1, {"distance": [100]}), (2, {"distance": [200]}), (3, {"price": [1.0]})):
        row = {"flight_id": [day], "scheduled_departure": [datetime(2013, 3, day)], **columns}
        pq.write_table(pa.table(row), tmp_path / f"{day}.parquet")
    listing, _ = listed(run_component, data_settings, tmp_path, tmp_path.as_uri())
    assert [shard["rows"] for shard in listing["shards"]] == [2, 1]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (None, 3, "there is nothing here"),
        (b"", 3, "2013-01.parquet: expected readable data"),
        (b"PAR1 cut off", 3, "2013-01.parquet: expected readable data"),
        (pa.table({"flight_id": [1]}), 2, "2013-01.parquet: expected a time column 'scheduled_departure'"),
        (
            pa.table({"scheduled_departure": pa.array([], pa.timestamp("us"))}),
            3,
            "found none; have they arrived?",
        ),
    ],
)
def test_an_unreadable_input_is_reported(
    run_component, data_settings, tmp_path, content: Any, status: int, said: str
) -> None:
    folder = tmp_path / "flights"
    if content is not None:
        folder.mkdir()
        write = folder.joinpath("2013-01.parquet").write_bytes
        pq.write_table(content, folder / "2013-01.parquet") if isinstance(content, pa.Table) else write(
            content
        )
    data_settings["tables"]["flights"]["uri"] = folder.as_uri()
    ended = run_list(run_component, data_settings, tmp_path)
    assert (ended.status, ended.error.count("\n")) == (status, 1)
    assert said in ended.error
    assert not (tmp_path / "listing").exists()


def test_rows_that_changed_since_they_were_listed_are_reported(
    run_component, data_settings, tmp_path
) -> None:
    shutil.copytree(FLIGHTS / "flights", tmp_path / "flights")
    data_settings["tables"]["flights"]["uri"] = (tmp_path / "flights").as_uri()
    listed(run_component, data_settings, tmp_path)
    (tmp_path / "flights/2013-01.parquet").write_bytes((FLIGHTS / "flights/2013-03.parquet").read_bytes())
    options = {"data_settings": data_settings, "listing": tmp_path / "listing", "shard": "00000"}
    ended = run_component("list_shards load", **options, tables=tmp_path / "tables")
    assert ended.status == 3
    assert "it has changed since it was listed; run again" in ended.error
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize(
    ("published", "first", "days"),
    [
        (None, 10, 1),  # nothing yet: today
        (9, 10, 1),
        (6, 7, 4),  # three days were missed
        (1, 5, 6),  # of which five at most are made up for
        (10, 10, 1),  # today is there already
        (12, 10, 1),
    ],
)
def test_days_since_the_last_published_one_are_made_up_for(
    published: int | None, first: int, days: int
) -> None:
    last = date(2013, 9, published) if published else None
    found = since(last, date(2013, 9, 10), {"days": 1, "catch_up_days": 5, "shard_rows": 7})
    assert found == (date(2013, 9, first), {"days": days, "catch_up_days": 5, "shard_rows": 7})


def run_list(run_component: Any, settings: Any, folder: Path, uri: str = "", wanted: Any = None) -> Any:
    options = {"data_settings": settings, "inference_settings": wanted or WANTED, "as_of": AS_OF}
    options |= {"predictions_uri": (folder / "predictions").as_uri(), "name": "flights"}
    outputs = {"listing": folder / "listing", "shards": folder / "shards"}
    return run_component("list_shards list", **options, input_uri=uri, **outputs)


def listed(run_component: Any, settings: Any, folder: Path, uri: str = "", wanted: Any = None) -> Any:
    """The listing, and the names of its shards."""
    ended = run_list(run_component, settings, folder, uri, wanted)
    assert ended.status == 0, ended.error
    listing, names = (json.loads((folder / name).read_text()) for name in ("listing", "shards"))
    expect_document(listing, "listing")
    return listing, names


def load(run_component: Any, settings: Any, folder: Path, shard: str) -> Path:
    options = {"data_settings": settings, "listing": folder / "listing", "shard": shard}
    ended = run_component("list_shards load", **options, tables=folder / shard)
    assert ended.status == 0, ended.error
    expect_document(json.loads((folder / shard / "snapshot.json").read_text()), "snapshot")
    return folder / shard
