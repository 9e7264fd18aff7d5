import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from engine.features.history import recent_mean
from engine.settings.settings import load
from engine.tables.replay import read_differences
from engine.tests.demo_files import DEMO_SETTINGS, demo_features
from tests.components.conftest import AS_OF, FLIGHTS

features = demo_features()


def test_key_time_and_label_come_first_then_the_declared_features(built, feature_settings) -> None:
    expected = ["flight_id", "scheduled_departure", "late", *feature_settings["columns"]]
    assert sorted(pq.read_schema(built["training"]).names) == sorted(expected)
    assert pq.read_schema(built["training"]).names[:3] == expected[:3]


def test_every_row_is_a_flight_in_its_order(built, loaded) -> None:
    for window, file in built.items():
        flights = pq.read_table(loaded[window] / "flights.parquet")
        assert pq.read_table(file)["flight_id"].equals(flights["flight_id"])


def test_the_snapshot_goes_along(built, loaded) -> None:
    snapshot = (loaded["training"] / "snapshot.json").read_bytes()
    assert pq.read_schema(built["training"]).metadata[b"snapshot"] == snapshot


def test_late_is_more_than_15_minutes_and_unknown_without_an_arrival() -> None:
    flights = pd.DataFrame({"arr_delay": [15.0, 16.0, -30.0, None]})
    assert features.label(flights).tolist() == [0, 1, 0, pd.NA]


def test_cancelled_flights_have_no_label(built, loaded) -> None:
    flights = pq.read_table(loaded["training"] / "flights.parquet")
    assert pq.read_table(built["training"])["late"].null_count == flights["arr_delay"].null_count > 0


def test_the_hour_and_the_weekday_are_those_of_departure() -> None:
    flights = pq.read_table(FLIGHTS / "flights" / "2013-07.parquet").slice(0, 1).to_pandas()
    flights["scheduled_departure"] = [datetime(2013, 7, 1, 17, 59)]
    found = features.features({"flights": flights}, {}).loc[0]
    assert (found["departure_hour"], found["weekday"]) == ("17", "Monday")


def test_the_settings_declare_what_the_code_makes() -> None:
    settings = yaml.safe_load(DEMO_SETTINGS.read_text())
    tables = {
        name: pq.read_table(FLIGHTS / name / "2013-01.parquet").to_pandas() for name in ("flights", "weather")
    }
    assert set(features.features(tables, settings)) == set(settings["features"]["columns"])


def test_undeclared_features_are_kept_for_the_validation_to_refuse(
    run_component, feature_settings, loaded, tmp_path
) -> None:
    del feature_settings["columns"]["carrier"]
    build(run_component, feature_settings, loaded["evaluation"], tmp_path)
    assert pq.read_schema(tmp_path / "features").names[-1] == "carrier"


@pytest.mark.parametrize("broken", ["join", "shuffle"])
def test_an_additional_or_moved_row_is_reported(
    run_component, feature_settings, loaded, tmp_path, monkeypatch, broken: str
) -> None:
    honest = features.features

    def multiply_or_shuffle(tables: dict[str, Any], settings: dict[str, Any]) -> Any:
        made = honest(tables, settings)
        return pd.concat([made, made.head(1)]) if broken == "join" else made.iloc[::-1]

    monkeypatch.setattr(features, "features", multiply_or_shuffle)
    ended = build(run_component, feature_settings, loaded["evaluation"], tmp_path)
    assert ended.status == 2
    assert "expected one row for each of the" in ended.error
    assert not list(tmp_path.iterdir())


def test_no_rows_are_features_too(run_component, feature_settings, loaded, tmp_path) -> None:
    shutil.copytree(loaded["evaluation"], tmp_path / "tables")
    flights = pq.read_table(tmp_path / "tables" / "flights.parquet").slice(0, 0)
    pq.write_table(flights, tmp_path / "tables" / "flights.parquet")
    assert build(run_component, feature_settings, tmp_path / "tables", tmp_path).status == 0
    assert pq.read_metadata(tmp_path / "features").num_rows == 0


@pytest.mark.parametrize("content", [b"", b"PAR1 but not a table"])
def test_a_broken_table_is_reported(
    run_component, feature_settings, loaded, tmp_path, content: bytes
) -> None:
    shutil.copytree(loaded["evaluation"], tmp_path / "tables")
    (tmp_path / "tables" / "weather.parquet").write_bytes(content)
    ended = build(run_component, feature_settings, tmp_path / "tables", tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "weather.parquet: expected a parquet file" in ended.error


def test_a_folder_without_the_rows_is_reported(run_component, feature_settings, tmp_path) -> None:
    ended = build(run_component, feature_settings, tmp_path / "nowhere", tmp_path)
    assert ended.status == 2
    assert "expected a table 'flights', found none" in ended.error


def test_rows_that_are_yet_to_be_predicted_need_no_outcome(
    run_component, feature_settings, loaded, built, tmp_path
) -> None:
    tables = without(loaded["evaluation"], "arr_delay", tmp_path)
    ended = build(run_component, feature_settings, tables, tmp_path)
    assert "no labels: the rows have no 'arr_delay'" in ended.output
    found, known = (pq.read_table(file) for file in (tmp_path / "features", built["evaluation"]))
    assert found["late"].null_count == found.num_rows
    assert found.drop_columns("late").equals(known.drop_columns("late"))


def test_rows_without_a_column_of_a_feature_are_reported(
    run_component, feature_settings, loaded, tmp_path
) -> None:
    tables = without(loaded["evaluation"], "distance", tmp_path)
    ended = build(run_component, feature_settings, tables, tmp_path)
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert f"{(FLIGHTS / 'flights').as_uri()}: features.py asks for 'distance'; the rows have" in ended.error


def test_a_full_disk_leaves_nothing(run_component, feature_settings, loaded, full_disk, tmp_path) -> None:
    with full_disk():
        ended = build(run_component, feature_settings, loaded["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert not list(tmp_path.iterdir())


def hide(run_component: Any, settings: dict[str, Any], tables: Path, target: Path) -> Any:
    options = {"feature_settings": settings, "tables": tables, "hidden": target}
    return run_component("build_features", **options)


@pytest.mark.parametrize(
    "label",
    [
        lambda rows: (rows["arr_delay"] > 15).astype("Int8"),
        lambda rows: (rows.get("arr_delay", pd.Series(0, rows.index)) > 15).astype("Int8"),
        lambda rows: (rows.filter(like="arr_").sum(axis=1) > 15).astype("Int8"),
    ],
)
def test_columns_that_the_label_reads_are_hidden(
    run_component, feature_settings, loaded, tmp_path, monkeypatch, label: Any
) -> None:
    monkeypatch.setattr(features, "label", label)
    assert hide(run_component, feature_settings, loaded["evaluation"], tmp_path / "hidden").status == 0
    rows = pq.read_table(tmp_path / "hidden/flights.parquet")
    assert rows["arr_delay"].null_count == rows.num_rows and rows["distance"].null_count == 0


def test_a_label_of_no_column_is_refused(
    run_component, feature_settings, loaded, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(features, "label", lambda rows: pd.Series(1, rows.index))
    ended = hide(run_component, feature_settings, loaded["evaluation"], tmp_path / "hidden")
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert "expected a label that reads a column" in ended.error


def test_a_column_that_is_declared_as_known_stays_though_the_label_reads_it(
    run_component, feature_settings, loaded, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(features, "label", lambda rows: (rows["arr_delay"] > rows["distance"]).astype("Int8"))
    settings = feature_settings | {"shown": {"flights": ["distance"]}}
    assert hide(run_component, settings, loaded["evaluation"], tmp_path / "hidden").status == 0
    rows = pq.read_table(tmp_path / "hidden/flights.parquet")
    assert (rows["distance"].null_count, rows["arr_delay"].null_count) == (0, rows.num_rows)


def test_outcomes_of_the_history_stay(run_component, feature_settings, loaded, tmp_path) -> None:
    shutil.copytree(loaded["evaluation"], tmp_path / "tables")
    history = tmp_path / "tables/flights_history.parquet"
    shutil.copy(loaded["training"] / "flights.parquet", history)
    assert hide(run_component, feature_settings, tmp_path / "tables", tmp_path / "hidden").status == 0
    assert (tmp_path / "hidden/flights_history.parquet").read_bytes() == history.read_bytes()


def test_past_rows_are_predicted_with_what_was_known(
    run_component, feature_settings, loaded, tmp_path, monkeypatch
) -> None:
    """Rows of a past day have the outcome, and the delay at departure."""

    def delays(tables: dict[str, pd.DataFrame], settings: Any) -> pd.DataFrame:
        return tables["flights"][["arr_delay", "dep_delay", "distance"]]

    monkeypatch.setattr(features, "features", delays)
    shutil.copytree(loaded["evaluation"], tmp_path / "tables")
    snapshot = tmp_path / "tables/snapshot.json"
    snapshot.write_text(snapshot.read_text().replace('"evaluation"', '"inference"'))
    settings = feature_settings | {"hidden": {"flights": ["dep_delay", "air_time"]}}
    for absent in ([], ["air_time"]):
        flights = pq.read_table(loaded["evaluation"] / "flights.parquet").drop_columns(absent)
        pq.write_table(flights, tmp_path / "tables/flights.parquet")
        ended = build(run_component, settings, tmp_path / "tables", tmp_path)
        assert ended.status == 0, ended.error
        found = pq.read_table(tmp_path / "features")
        unknown = [found[name].null_count for name in ("arr_delay", "dep_delay", "late")]
        assert (unknown, found["distance"].null_count) == ([found.num_rows] * 3, 0)


def test_undeclared_history_is_reported_with_its_setting(
    run_component, feature_settings, loaded, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(features, "features", recent_delays)
    ended = build(run_component, feature_settings, loaded["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert "set history_days of data.tables.flights in mlops.yaml" in ended.error
    assert "A pull request gets the tables of its base, so merge that setting first" in ended.error


def test_mean_delay_of_the_same_day_is_unknown(
    run_component, feature_settings, loaded, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(features, "features", delays_of_the_day)
    hide(run_component, feature_settings, loaded["evaluation"], tmp_path / "hidden")
    assert build(run_component, feature_settings, tmp_path / "hidden", tmp_path).status == 0
    table = pq.read_table(tmp_path / "features")
    assert table["delay"].null_count == table.num_rows > 0


def delays_of_the_day(tables: dict[str, pd.DataFrame], settings: Any) -> pd.DataFrame:
    flights = tables["flights"]
    day = flights["scheduled_departure"].dt.normalize()
    return pd.DataFrame({"delay": flights.groupby([day, "carrier"])["arr_delay"].transform("mean")})


def recent_delays(tables: dict[str, pd.DataFrame], settings: Any) -> pd.DataFrame:
    flights, history = tables["flights"], tables["flights_history"]
    mean = recent_mean(flights, history, "scheduled_departure", "arr_delay", "carrier", 7)
    return pd.DataFrame({"delay": mean})


def recent_delays_and_newest_wind(tables: dict[str, pd.DataFrame], settings: Any) -> pd.DataFrame:
    """The mean of the last two observations that had arrived, of all airports, beside the recent delays."""
    observed = tables["weather"].sort_values("observed_at").tail(2)
    return recent_delays(tables, settings).assign(wind=observed["wind_speed"].mean())


def inferred(run_component: Any, given: dict[str, Any], settings: Any, as_of: str, folder: Path) -> pa.Table:
    """The features that inference makes of a day's rows."""
    listed = {"listing": folder / "listing", "shards": folder / "shards"}
    asked = {"inference_settings": {"days": 1, "shard_rows": 5000}, "as_of": as_of, "input_uri": ""}
    kept = {"predictions_uri": (folder / "predictions").as_uri(), "name": "flights"}
    assert run_component("list_shards list", **given, **asked, **kept, **listed).status == 0
    shard = {"listing": folder / "listing", "shard": "00000", "tables": folder / "shard"}
    assert run_component("list_shards load", **given, **shard).status == 0
    assert build(run_component, settings, folder / "shard", folder).status == 0
    return pq.read_table(folder / "features")


@pytest.mark.parametrize("arrival", [False, True], ids=["at once", "by moment"])
def test_evaluation_has_the_features_that_inference_makes(
    run_component, data_settings, feature_settings, tmp_path, monkeypatch, arrival: bool
) -> None:
    """Of the first day; of any with a history that rolls, from 2 to 2 o'clock with a lead of two hours."""
    monkeypatch.setattr(features, "features", recent_delays_and_newest_wind if arrival else recent_delays)
    data_settings["tables"]["flights"]["history_days"] = 7
    first = pd.Timestamp("2013-01-28")
    if arrival:
        data_settings["lead_hours"] = 2
        data_settings["tables"]["weather"]["arrives_after_minutes"] = 30
        data_settings["windows"] |= {"history": "rolling", "evaluation_days": 3}
        first += pd.Timedelta(days=5)
    given = {"data_settings": data_settings}
    loaded = {"window": "evaluation", "as_of": AS_OF, "tables": tmp_path / "tables"}
    assert run_component("load_data", **given, **loaded).status == 0
    assert build(run_component, feature_settings, tmp_path / "tables", tmp_path).status == 0
    evaluated = pq.read_table(tmp_path / "features").drop_columns("late").to_pandas()

    predicted = inferred(run_component, given, feature_settings, str(first.date()), tmp_path)

    assert predicted["late"].null_count == predicted.num_rows > 500
    assert predicted["delay"].null_count < 5
    since = evaluated["scheduled_departure"] - pd.Timedelta(hours=2 * arrival)
    of_the_day = evaluated[since.dt.normalize() == first].reset_index(drop=True)
    assert predicted.drop_columns("late").to_pandas().equals(of_the_day)
    if arrival:
        assert of_the_day["wind"].nunique() > 5


@pytest.mark.parametrize(("hours", "known"), [(2, True), (1, False), (0, False)])
def test_weather_is_worth_nothing_after_the_lead_of_the_demo(
    run_component, feature_settings, tmp_path, monkeypatch, hours: int, known: bool
) -> None:
    def wind(tables: dict[str, pd.DataFrame], settings: Any) -> pd.DataFrame:
        asked = tables["flights"][["origin"]].assign(
            observed_at=tables["flights"]["scheduled_departure"].dt.floor("h") - pd.Timedelta(hours=hours)
        )
        observed = tables["weather"].drop_duplicates(["origin", "observed_at"])
        return asked.merge(observed, how="left")[["wind_speed"]].set_axis(tables["flights"].index)

    monkeypatch.setattr(features, "features", wind)
    given = json.loads(load(DEMO_SETTINGS).data_settings(FLIGHTS.parents[1], monitored_days=2))
    options = {"data_settings": given, "window": "evaluation", "as_of": AS_OF, "tables": tmp_path / "tables"}
    assert run_component("load_data", **options).status == 0
    assert build(run_component, feature_settings, tmp_path / "tables", tmp_path).status == 0
    table = pq.read_table(tmp_path / "features")
    assert table.num_rows > 1000
    assert (table["wind_speed"].null_count == table.num_rows) is not known
    causes = {each["cause"] for each in read_differences(table.schema)}
    assert causes == (set() if known else {"later arrivals"})


def build(run_component: Any, feature_settings: dict[str, Any], tables: Path, folder: Path) -> Any:
    options = {"feature_settings": feature_settings, "tables": tables, "features": folder / "features"}
    return run_component("build_features", **options)


def without(tables: Path, column: str, folder: Path) -> Path:
    """A copy of the tables whose flights lack a column."""
    shutil.copytree(tables, folder / "tables")
    flights = pq.read_table(tables / "flights.parquet").drop_columns(column)
    pq.write_table(flights, folder / "tables/flights.parquet")
    return folder / "tables"
