"""The champion's predictions, from its rows to the manifest, and what is left where something is wrong."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.predictions.predictions import Predictions
from engine.stores import storage
from engine.tests.project import ROOT, Project

DAY = "2013-05-02"
FILE = "demo/flights/flights/2013-05.parquet"


def predictions_of(project: Project) -> Predictions:
    return Predictions((project.root / ".mlops/predictions").as_uri(), "flight-delays")


def predict(project: Project, *arguments: str, **environment: str) -> str:
    done = project.run("predict", "--as-of", DAY, *arguments, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(project: Project, status: int, *arguments: str) -> str:
    done = project.run("predict", "--as-of", DAY, *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def flights_of_the_day() -> list[int]:
    month = pq.read_table(ROOT / FILE)
    time = month["scheduled_departure"]
    day = pc.and_(pc.greater_equal(time, datetime(2013, 5, 2)), pc.less(time, datetime(2013, 5, 3)))
    return month.filter(day)["flight_id"].to_pylist()


def keys(kept: Predictions, manifest: dict[str, Any]) -> list[int]:
    paths = [kept.uri_of(DAY, file["file"]).removeprefix("file://") for file in manifest["predictions"]]
    return [key for path in paths for key in pq.read_table(path)["flight_id"].to_pylist()]


def test_each_flight_of_the_day_is_predicted_once_in_shards(with_champion: Project) -> None:
    with_champion.edit("mlops.yaml", ("shard_rows: 500000", "shard_rows: 400"))

    printed = predict(with_champion)

    kept = predictions_of(with_champion)
    manifest = kept.manifest(DAY)
    assert keys(kept, manifest) == flights_of_the_day()
    assert [file["rows"] for file in manifest["predictions"]] == [400, 400, 183]
    assert manifest["model_version"] == with_champion.champion()["version"]
    assert "983 of 983 rows predicted" in printed
    assert f"manifest: {kept.uri_of(DAY, 'manifest.json')}" in printed

    predict(with_champion)
    assert kept.manifest(DAY) == manifest, "the same model and rows are the same predictions"


def test_a_broken_input_changes_nothing_and_the_next_run_goes_on(
    with_champion: Project, tmp_path: Path
) -> None:
    file = with_champion.root / FILE
    whole = file.read_bytes()
    rows = pq.read_table(file).slice(0, 50)
    other = tmp_path / "rows.parquet"

    file.write_bytes(whole[:-1000])
    assert "2013-05.parquet: expected readable data" in refused(with_champion, 1)
    far = rows.set_column(
        rows.column_names.index("distance"), "distance", pc.if_else(pc.less(rows["flight_id"], 0), 0, 9000)
    )
    pq.write_table(far, other)
    said = refused(with_champion, 1, "--input-uri", str(other))
    assert "expected at most 1.00% of the rows rejected, found 50 of 50" in said
    assert "distance: expected at most 6000, found more" in said

    file.write_bytes(whole)
    pq.write_table(rows.drop_columns("arr_delay"), other)
    assert "50 of 50 rows predicted" in predict(with_champion, "--input-uri", str(other))
    assert predictions_of(with_champion).days() == []


def test_a_wrong_argument_or_registry_ends_predict_before_it_starts(with_champion: Project) -> None:
    for as_of in ("yesterday", "[[ScheduledTime.2006-01-02]]"):
        assert as_of in refused(with_champion, 2, "--as-of", as_of)
    version = with_champion.champion()["version"]
    with_champion.edit(
        f".mlops/models/models/flight-delays/versions/{version}/metadata.json", ("6000", "9000")
    )
    assert "was changed since it was registered" in refused(with_champion, 3)
    shutil.rmtree(with_champion.root / ".mlops/models")
    assert "expected a champion" in refused(with_champion, 2)
    assert not with_champion.root.joinpath(".mlops/predictions").exists()


def test_models_and_predictions_on_s3(with_champion: Project, s3_folder: str, seaweedfs: Any) -> None:
    models = (with_champion.root / ".mlops/models").as_uri()
    for name in storage.list_names(models):
        storage.write_bytes(f"{s3_folder}/models/{name}", storage.read_bytes(f"{models}/{name}"))
    predict(
        with_champion,
        **seaweedfs.environment("admin"),
        MODEL_REGISTRY_URI=f"{s3_folder}/models",
        PREDICTIONS_URI=f"{s3_folder}/predictions",
    )
    kept = Predictions(f"{s3_folder}/predictions", "flight-delays")
    assert kept.days() == [DAY]
    assert kept.manifest(DAY)["rows"]["predicted"] == len(flights_of_the_day())
    assert not with_champion.root.joinpath(".mlops/predictions").exists()
