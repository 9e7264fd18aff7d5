"""What passes between the places: whole where it is honest, refused in one line where it is not."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.components.conftest import feature_settings_of, run_main

RECORD = {
    "estimator": "sklearn.dummy.DummyClassifier",
    "parameters": {},
    "seed": 1,
    "categories": "ordinal",
    "features": ["carrier"],
    "label": {"name": "late", "type": "binary", "mean": 0.2, "median": 0},
    "rows": 1,
    "training_window": {"start": None, "end": None},
    "data_sha256": None,
    "libraries": {},
    "model_sha256": "0" * 64,
    "model_bytes": 1,
}


@pytest.fixture(scope="module")
def hidden(loaded: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tables of each window with their outcomes hidden."""
    folder = tmp_path_factory.mktemp("hidden")
    for window, tables in loaded.items():
        options = {"tables": tables, "hidden": folder / window, "feature_settings": feature_settings_of()}
        assert run_main("build_features", options) == 0
    return {window: folder / window for window in loaded}


@pytest.fixture(scope="module")
def seen(hidden: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The candidate's features, with no outcome."""
    files = {window: tmp_path_factory.mktemp("seen") / window for window in hidden}
    for window, file in files.items():
        options = {"tables": hidden[window], "features": file, "feature_settings": feature_settings_of()}
        assert run_main("build_features", options) == 0
    return files


@pytest.fixture
def handed(seen: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """The files of an honest candidate, by their names in the tar."""
    keys = pq.read_table(seen["evaluation"])["flight_id"]
    predictions = pa.table({"flight_id": keys, "prediction": pa.array(np.full(len(keys), 0.5))})
    pq.write_table(predictions, tmp_path / "predictions")
    (tmp_path / "record").write_text(json.dumps(RECORD))
    (tmp_path / "model").write_bytes(b"no pickle, and never loaded")
    return {
        "training.parquet": seen["training"],
        "evaluation.parquet": seen["evaluation"],
        "predictions.parquet": tmp_path / "predictions",
        "record.json": tmp_path / "record",
        "model.joblib": tmp_path / "model",
    }


@pytest.fixture
def receive(run_component: Any, built: dict[str, Path], tmp_path: Path) -> Callable[..., Any]:
    """Take what was handed over: first the features, then the model."""

    def received(archive: Path) -> Any:
        uri = {"uri": archive.as_uri(), "truth": built["evaluation"]}
        written = {name: tmp_path / "received" / name for name in ("training", "evaluation")}
        ended = run_component("hand_over receive_features", **uri, control=built["training"], **written)
        if ended.status:
            return ended
        made = {name: tmp_path / "received" / name for name in ("predictions", "record")}
        return run_component("hand_over receive_model", **uri, **made)

    return received


KINDS = ((tarfile.SYMTYPE, "symlink"), (tarfile.LNKTYPE, "hard link"), (tarfile.FIFOTYPE, "fifo"))


def pack(files: dict[str, Path], target: Path) -> Path:
    with tarfile.open(target, "w") as archive:
        for name, path in files.items():
            archive.add(path, name)
    return target


def test_rows_arrive_as_they_were_sent(run_component, loaded, hidden, tmp_path) -> None:
    sent = {"training": hidden["training"], "evaluation": hidden["evaluation"]}
    uri = {"uri": (tmp_path / "rows.tar").as_uri()}
    assert run_component("hand_over send_rows", **uri, outcomes=loaded["training"], **sent).status == 0
    taken = {name: tmp_path / "taken" / name for name in ("training", "outcomes", "evaluation")}
    assert run_component("hand_over take_rows", **uri, **taken).status == 0
    for name, folder in (sent | {"outcomes": loaded["training"]}).items():
        assert {path.name: path.read_bytes() for path in taken[name].iterdir()} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }


def test_no_outcome_of_evaluation_is_sent(hidden: dict[str, Path]) -> None:
    rows = pq.read_table(hidden["evaluation"] / "flights.parquet")
    assert rows["arr_delay"].null_count == rows.num_rows
    assert rows["distance"].null_count == 0


def test_an_honest_candidate_is_received_with_the_true_labels(receive, handed, built, tmp_path) -> None:
    assert receive(pack(handed, tmp_path / "handover.tar")).status == 0
    found, truth = (pq.read_table(path) for path in (tmp_path / "received/evaluation", built["evaluation"]))
    assert pq.read_table(handed["evaluation.parquet"])["late"].null_count == truth.num_rows
    assert (
        found["late"].equals(truth["late"])
        and found.schema.metadata[b"snapshot"] == truth.schema.metadata[b"snapshot"]
    )
    record = json.loads((tmp_path / "received/record").read_text())
    assert record["model_bytes"] == len(b"no pickle, and never loaded")
    assert record["model_sha256"] != RECORD["model_sha256"]


def test_labels_and_snapshot_of_a_candidate_are_not_believed(receive, handed, built, tmp_path) -> None:
    table = pq.read_table(handed["evaluation.parquet"])
    forged = table.set_column(2, "late", pa.array(np.ones(table.num_rows, np.int8)))
    pq.write_table(forged.replace_schema_metadata({"snapshot": "{}"}), tmp_path / "forged")
    files = handed | {"evaluation.parquet": tmp_path / "forged"}
    assert receive(pack(files, tmp_path / "handover.tar")).status == 0
    found, truth = (pq.read_table(path) for path in (tmp_path / "received/evaluation", built["evaluation"]))
    assert (
        found["late"].equals(truth["late"])
        and found.schema.metadata[b"snapshot"] == truth.schema.metadata[b"snapshot"]
    )


DIFFERENCE = {
    "feature": "carrier",
    "cause": "later outcomes",
    "day": "2013-01-28",
    "rows": 3,
    "day_rows": 900,
}


def replay(handed: dict[str, Path], folder: Path, content: Any) -> dict[str, Path]:
    """What is handed over by a candidate that says so of single days of both windows."""
    changed = {}
    for name in ("training.parquet", "evaluation.parquet"):
        table = pq.read_table(handed[name])
        metadata = {
            **table.schema.metadata,
            "replay": content if isinstance(content, str) else json.dumps(content),
        }
        changed[name] = folder / f"replayed-{name}"
        pq.write_table(table.replace_schema_metadata(metadata), changed[name])
    return handed | changed


def test_differences_on_single_days_are_received(receive, handed, tmp_path: Path) -> None:
    said = {"differences": [DIFFERENCE, DIFFERENCE | {"day": "2013-08-02 05:00"}]}
    assert receive(pack(replay(handed, tmp_path, said), tmp_path / "handover.tar")).status == 0
    for name in ("training", "evaluation"):
        metadata = pq.read_schema(tmp_path / "received" / name).metadata
        assert json.loads(metadata[b"replay"]) == said and b'"tables"' in metadata[b"snapshot"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        " " * 2_000_000,
        {"differences": [DIFFERENCE | {"rows": "many"}]},
        {"differences": [DIFFERENCE | {"cause": "none"}]},
        {"differences": [DIFFERENCE | {"feature": "<b>"}]},
        {"differences": [DIFFERENCE | {"day": "a day\n"}]},
        {"differences": [DIFFERENCE] * 100},
    ],
    ids=["empty", "list", "deep", "large", "rows", "cause", "feature", "day", "many"],
)
def test_invalid_differences_of_single_days_are_refused(
    receive, handed, tmp_path: Path, content: Any
) -> None:
    files = replay(handed, tmp_path, content)
    refused(receive(pack(files, tmp_path / "handover.tar")), "differences of single days")


def member(name: str, content: bytes = b"x", **about: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in about.items():
        setattr(info, key, value)
    return info, content


def tars() -> Iterator[Any]:
    for name in ("../out.parquet", "/etc/passwd", "verdict.json", "a/training.parquet", "training.parquet/"):
        yield pytest.param([member(name)], "each known name once", id=name)
    yield pytest.param([member("record.json"), member("record.json")], "each known name once", id="twice")
    for kind, name in (
        (tarfile.SYMTYPE, "symlink"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.FIFOTYPE, "fifo"),
    ):
        linked = member("record.json", b"", type=kind, linkname="/etc/passwd")
        yield pytest.param([linked], "plain files", id=name)
    yield pytest.param([], "expected a table, found none", id="empty")


@pytest.mark.parametrize(("members", "said"), [*tars()])
def test_a_tar_of_anything_else_is_refused(receive, tmp_path: Path, members, said: str) -> None:
    with tarfile.open(tmp_path / "handover.tar", "w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    refused(receive(tmp_path / "handover.tar"), said)
    assert not (tmp_path / "out.parquet").exists()


LARGE = member("model.joblib", size=9 << 30)[0].tobuf() + bytes(10_240)


@pytest.mark.parametrize("content", [b"", b"no tar", LARGE, b"\x1f\x8b" + bytes(600), bytes(100_000)])
def test_a_file_that_is_not_a_tar_is_refused(receive, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "handover.tar").write_bytes(content)
    refused(receive(tmp_path / "handover.tar"), "what")


LONG = "x" * 20_000
TABLES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "too many rows": lambda table: pa.concat_tables([table, table]),
    "nested": lambda table: table.append_column("lists", pa.array([[1]] * table.num_rows)),
    "long texts": lambda table: table.append_column("long", pa.array([LONG] * table.num_rows)),
    "too few columns": lambda table: table.select([0, 1]),
    "many columns": lambda table: pa.table({f"c{i}": table.column(0) for i in range(2001)}),
}


@pytest.mark.parametrize("name", TABLES)
def test_features_that_are_too_large_or_of_no_plain_kind_are_refused(
    receive, handed, tmp_path: Path, name: str
) -> None:
    pq.write_table(TABLES[name](pq.read_table(handed["evaluation.parquet"])), tmp_path / "odd")
    refused(
        receive(pack(handed | {"evaluation.parquet": tmp_path / "odd"}, tmp_path / "handover.tar")),
        "expected",
    )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1"])
@pytest.mark.parametrize("name", ["evaluation.parquet", "predictions.parquet"])
def test_a_broken_table_is_refused(receive, handed, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "broken").write_bytes(content)
    refused(receive(pack(handed | {name: tmp_path / "broken"}, tmp_path / "handover.tar")), name)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, json.dumps(RECORD | {"rows": "many"}), " " * 2_000_000]
)
def test_an_invalid_record_is_refused(receive, handed, tmp_path: Path, text: str) -> None:
    (tmp_path / "odd").write_text(text)
    refused(
        receive(pack(handed | {"record.json": tmp_path / "odd"}, tmp_path / "handover.tar")), "record.json"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"end": null', '"end": "garbage"'),
        ('"end": null', '"end": "2013-02-31T00:00:00"'),
        ('"seed": 1', '"seed": 1e999'),
        ('"seed": 1', f'"seed": {"9" * 400}'),
    ],
)
def test_moments_and_numbers_that_a_judge_cannot_use_are_refused(
    receive, handed, tmp_path: Path, old: str, new: str
) -> None:
    text = json.dumps(RECORD)
    assert old in text
    (tmp_path / "odd").write_text(text.replace(old, new, 1))
    ended = receive(pack(handed | {"record.json": tmp_path / "odd"}, tmp_path / "handover.tar"))
    refused(ended, "record.json: expected a training record")


@pytest.mark.parametrize("name", ["predictions.parquet", "record.json", "model.joblib"])
def test_features_without_a_model_are_refused_as_a_model(receive, handed, tmp_path: Path, name: str) -> None:
    files = {each: path for each, path in handed.items() if each != name}
    refused(receive(pack(files, tmp_path / "handover.tar")), name)


def test_predictions_of_more_than_a_number_are_refused(receive, handed, tmp_path: Path) -> None:
    table = pq.read_table(handed["predictions.parquet"])
    pq.write_table(table.append_column("verdict", pc.cast(table.column(1), pa.string())), tmp_path / "odd")
    refused(
        receive(pack(handed | {"predictions.parquet": tmp_path / "odd"}, tmp_path / "handover.tar")),
        "a number",
    )


def refused(ended: Any, said: str) -> None:
    """By one line that says what was expected."""
    assert ended.status == 2, ended.error
    assert ended.error.count("\n") == 1 and any(part in ended.error for part in said.split("|"))
