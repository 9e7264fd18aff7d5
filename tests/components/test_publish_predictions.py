import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.predictions.predictions import Predictions, batch_of
from engine.stores import storage
from tests.components.conftest import Ended

FIRST, SECOND = "1" * 64, "2" * 64
DAY = "2013-09-02"
LISTING = {
    "as_of": DAY,
    "start": f"{DAY}T00:00:00",
    "end": "2013-09-03T00:00:00",
    "uri": "s3://rows",
    "input_uri": "",
    "rows": 8,
    "shards": [{"name": "00000", "rows": 5, "pieces": []}, {"name": "00001", "rows": 3, "pieces": []}],
}


class Run:
    """What the tasks of a run do with the predictions of its shards."""

    def __init__(self, run_component: Callable[..., Ended], folder: Path, uri: str, name: str, version: str):
        self._run, self._folder = run_component, folder
        self._about = {"predictions_uri": uri, "name": "flight-delays", "run": name, "model_version": version}
        self.listing = dict(LISTING)

    def store(self, shard: str, predicted: int, reasons: list[str], data: str = "da7a") -> Ended:
        keys = pa.array(range(predicted))
        values = {"flight_id": keys, "prediction": pa.array([0.25] * predicted), "model_version": keys}
        about = {"snapshot": json.dumps({"sha256": data})}
        pq.write_table(pa.table(values).replace_schema_metadata(about), self._folder / "predictions")
        pq.write_table(pa.table({"reason": pa.array(reasons, pa.string())}), self._folder / "rejects")
        files = {name: self._folder / name for name in ("predictions", "rejects", "stored")}
        return self._command("store", shard=shard, **files)

    def publish(self, stored: tuple[str, ...] = ("00000", "00001"), share: float = 0.2) -> Ended:
        settings = {
            "key": "flight_id",
            "time": "scheduled_departure",
            "label": {"name": "late", "type": "binary"},
        }
        return self._command(
            "publish",
            stored=json.dumps(stored),
            feature_settings=settings,
            inference_settings={"maximum_rejected_share": share},
            manifest=self._folder / "manifest",
        )

    def whole(self, **how: Any) -> None:
        for ended in (
            self.store("00000", 4, ["no key"], **how),
            self.store("00001", 3, [], **how),
            self.publish(),
        ):
            assert ended.status == 0, ended.error

    def _command(self, command: str, **options: Any) -> Ended:
        (self._folder / "listing").write_text(json.dumps(self.listing))
        about = self._about | {"listing": self._folder / "listing"}
        return self._run(f"publish_predictions {command}", **about, **options)


@pytest.fixture(params=["file", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Predictions:
    uri = (tmp_path / "kept").as_uri() if request.param == "file" else request.getfixturevalue("s3_folder")
    return Predictions(uri, "flight-delays")


@pytest.fixture
def new_run(run_component: Any, kept: Predictions, tmp_path: Path) -> Callable[..., Run]:
    uri = kept.uri.rpartition("/")[0]
    return lambda name, version=FIRST: Run(run_component, tmp_path, uri, name, version)


def test_readers_see_all_shards_at_once(new_run, kept) -> None:
    run = new_run("run-1")
    assert run.store("00000", 4, ["no key"]).status == 0
    assert (kept.manifest(DAY), kept.days(), kept.end()) == (None, [], None)
    assert run.store("00001", 3, []).status == 0
    assert kept.manifest(DAY) is None
    assert run.publish().status == 0
    manifest = kept.manifest(DAY)
    assert kept.days() == [DAY]
    assert kept.end() == date.fromisoformat(kept.manifest(DAY)["end"][:10]) - timedelta(1)
    assert manifest["rows"] == {"listed": 8, "predicted": 7, "rejected": 1}
    assert (manifest["model_version"], manifest["rejected"], manifest["run"]) == (
        FIRST,
        {"no key": 1},
        "run-1",
    )
    assert [file["rows"] for file in manifest["predictions"]] == [4, 3]
    for file in (*manifest["predictions"], *manifest["rejects"]):
        content = storage.read_bytes(kept.uri_of(DAY, file["file"]))
        assert pq.read_metadata(pa.BufferReader(content)).num_rows == file["rows"]


def test_the_same_again_changes_nothing_and_anything_else_replaces_it(new_run, kept) -> None:
    new_run("run-1").whole()
    first = kept.manifest(DAY)
    new_run("run-2").whole()
    assert kept.manifest(DAY) == first
    new_run("run-3").whole(data="07he7")
    assert kept.manifest(DAY)["data_sha256"] != first["data_sha256"]
    new_run("run-4", SECOND).whole()
    assert kept.manifest(DAY)["model_version"] == SECOND
    for file in first["predictions"]:
        kept.check(DAY, file)


def test_too_many_rejects_publish_nothing(new_run, kept) -> None:
    run = new_run("run-1")
    run.store("00000", 3, ["no key", "too far"])
    run.store("00001", 2, ["too far"])
    ended = run.publish(share=0.37)
    assert (ended.status, ended.error.count("\n")) == (1, 1)
    assert (
        "at most 37.00% of the rows rejected, found 3 of 8 (37.50%): 2 x too far, 1 x no key" in ended.error
    )
    assert kept.manifest(DAY) is None
    assert run.publish(share=0.375).status == 0


def test_a_shard_that_is_not_there_publishes_nothing(new_run, kept) -> None:
    new_run("run-0").whole()
    before = kept.manifest(DAY)
    run = new_run("run-1", SECOND)
    run.store("00000", 5, [])
    for stored, said in (
        (("00000",), "expected 2 shards, found none of 00001"),
        (("00000", "00001"), "00001.json"),
    ):
        ended = run.publish(stored)
        assert (ended.status, ended.error.count("\n")) == (3, 1)
        assert said in ended.error
    assert kept.manifest(DAY) == before


def test_lost_rows_of_a_shard_are_reported(new_run) -> None:
    ended = new_run("run-1").store("00000", 3, ["no key"])
    assert ended.status == 3
    assert "a prediction or a reason for each of 5 rows, found 3 and 1" in ended.error


def test_a_file_that_was_changed_since_is_not_published(new_run, kept, tmp_path) -> None:
    run = new_run("run-1")
    run.store("00000", 5, [])
    run.store("00001", 3, [])
    name = next(name for name in storage.list_names(kept.uri) if "predictions-00001" in name)
    storage.write_bytes(f"{kept.uri}/{name}", b"something else")
    ended = run.publish()
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "expected the SHA-256" in ended.error
    assert kept.manifest(DAY) is None


def test_another_input_is_a_batch_of_its_own(new_run, kept) -> None:
    new_run("run-1").whole()
    other = new_run("run-2", SECOND)
    other.listing["input_uri"] = "s3://elsewhere"
    other.whole()
    assert kept.days() == [DAY]
    assert kept.manifest(DAY)["model_version"] == FIRST
    assert kept.manifest(batch_of(DAY, "s3://elsewhere"))["model_version"] == SECOND
