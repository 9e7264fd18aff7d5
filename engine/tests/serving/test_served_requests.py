"""Tests of the model server's answers to requests that are wrong, and to those that take too much."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import requests
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from engine.command_line.component_settings import Column
from engine.serving.model_server import LocalServer, running
from engine.tables import file_sha256
from engine.tests.model_servers import ROOT, free_port, server_python

COLUMNS: dict[str, Column] = {
    "distance": {"type": "number", "min": 0, "max": 6000, "required": True},
    "stops": {"type": "number"},
    "carrier": {"type": "category"},
}
SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    values = np.arange(400)
    rows = pd.DataFrame({"distance": values * 10.0, "stops": values % 3, "carrier": list("AB") * 200})
    encoded = ColumnTransformer([("carrier", OrdinalEncoder(), ["carrier"])], remainder="passthrough")
    model = make_pipeline(encoded, HistGradientBoostingClassifier(max_iter=2)).fit(rows, values % 2)
    yield from served(model, tmp_path_factory.mktemp("served"), COLUMNS)


@pytest.fixture
def slow_server(tmp_path: Path) -> Iterator[LocalServer]:
    """One whose model compares each row with a million others."""
    rows = pd.DataFrame({"distance": np.linspace(0, 6000, 1_000_000)})
    model = KNeighborsClassifier(algorithm="brute").fit(rows, np.arange(len(rows)) % 2)
    yield from served(model, tmp_path, {"distance": COLUMNS["distance"]})


def served(model: Any, folder: Path, columns: dict[str, Column]) -> Iterator[LocalServer]:
    joblib.dump(model, folder / "model.joblib")
    sha256, log = file_sha256(folder / "model.joblib"), folder / "server.log"
    with running(ROOT, server_python(), "m", folder, sha256, free_port(), log, columns) as process:
        process.wait_until_ready()
        yield process


def tensor(name: str, *values: Any, **changes: Any) -> dict[str, Any]:
    datatype = "BYTES" if name == "carrier" else "FP64"
    return {"name": name, "datatype": datatype, "shape": [len(values), 1], "data": values} | changes


def row(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    """One good row, but for the `changed` columns."""
    good = {"distance": 1400, "stops": 1, "carrier": "A"}
    columns = {name: tensor(name, value) for name, value in good.items()}
    return [*(columns | {each["name"]: each for each in changed}).values()]


def answer_to(server: LocalServer, inputs: list[dict[str, Any]], *outputs: str) -> tuple[int, str]:
    body = {"inputs": inputs, "outputs": [{"name": name} for name in outputs]}
    answer = requests.post(server.infer_url, json=body, timeout=SECONDS)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (tensor("distance", -5), "distance: expected at least 0, found -5 in row 0"),
        (tensor("distance", 1e12), "distance: expected at most 6000, found 1000000000000.0 in row 0"),
        (tensor("distance", None), "distance: expected a number, found none in row 0"),
        (tensor("distance", "far"), "distance: expected a number, found 'far' in row 0"),
        (tensor("distance", [1]), "distance: expected a number, found [1] in row 0"),
        (tensor("distance", 1, datatype="BYTES"), "distance: expected the datatype FP64"),
        (tensor("stops", 10**30, datatype="INT64"), "stops: expected a number that INT64 holds, found 1e+30"),
        (tensor("stops", 300, datatype="INT8"), "stops: expected a number that INT8 holds, found 300"),
        (tensor("stops", 1.5, datatype="INT32"), "stops: expected a number that INT32 holds, found 1.5"),
        (tensor("stops", None, datatype="INT32"), "stops: expected a value, because INT32 has no null"),
        (tensor("stops", 1, shape=[10**30, 1]), "inputs.1.shape.0: "),
        (tensor("stops", 1, shape=[2, 1]), "stops: expected 1 values of the shape [1, 1], found 1 of [2, 1]"),
        (tensor("stops", 1, 2), "stops: expected 1 values of the shape [1, 1], found 2 of [2, 1]"),
        (tensor("stops", data="1"), "stops: expected 1 values of the shape [1, 1], found 0 of [0, 1]"),
        (tensor("carrier", 5), "carrier: expected a text, found 5 in row 0"),
        (tensor("carrier", 5, datatype="FP64"), "carrier: expected the datatype BYTES, found FP64"),
    ],
)
def test_a_row_is_refused_as_in_a_batch(server: LocalServer, changed: dict[str, Any], expected: str) -> None:
    status, text = answer_to(server, row(changed))
    assert (status, expected in text) == (400, True), text


def test_columns_and_rows_that_are_missing_or_repeated_are_refused(server: LocalServer) -> None:
    for inputs, expected in (
        (row()[1:], "distance: expected one column of the name, found none"),
        ([*row(), *row()], "distance: expected one column of the name, found 2"),
        ([tensor(name) for name in COLUMNS], "expected 1 to 20,000 rows, found 0"),
        ([tensor(name, *[1] * 20_001) for name in COLUMNS], "expected 1 to 20,000 rows, found 20,001"),
    ):
        status, text = answer_to(server, inputs)
        assert (status, expected in text) == (400, True), text


def test_good_rows_are_answered_in_any_datatype_of_numbers(server: LocalServer) -> None:
    for good in (tensor("stops", None), tensor("stops", 1, datatype="INT8"), tensor("stops", 1, shape=[1])):
        assert answer_to(server, row(good))[0] == 200
    assert answer_to(server, [*row(), tensor("gate", 12)])[0] == 200  # a batch has further columns, too


def test_outputs_that_the_model_lacks_or_has_given_already_are_refused(server: LocalServer) -> None:
    both = "expected predict or predict_proba, found"
    assert answer_to(server, row(), "importance") == (400, f'{{"error":"outputs: {both} importance"}}')
    assert answer_to(server, row(), "transform") == (400, f'{{"error":"outputs: {both} transform"}}')
    status, text = answer_to(server, row(), *["predict"] * 1000)
    assert (status, "expected predict once, found it 1000 times" in text) == (400, True)
    assert answer_to(server, row(), "predict", "predict_proba")[0] == 200


def test_the_model_s_metadata_lists_inputs_and_outputs(server: LocalServer) -> None:
    found = requests.get(server.model_url, timeout=SECONDS).json()
    assert [(each["name"], each["datatype"], each["shape"]) for each in found["inputs"]] == [
        ("distance", "FP64", [-1, 1]),
        ("stops", "FP64", [-1, 1]),
        ("carrier", "BYTES", [-1, 1]),
    ]
    assert [(each["name"], each["datatype"], each["shape"]) for each in found["outputs"]] == [
        ("predict", "INT64", [-1, 1]),
        ("predict_proba", "FP64", [-1, 2]),
    ]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b" " * 5_000_000, {}, 413),
        (iter([b" " * 1_000_000] * 5), {}, 413),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
    ],
    ids=["no JSON", "deep JSON", "too long", "too long in chunks", "compressed"],
)
def test_a_body_that_cannot_be_a_request_is_answered(
    server: LocalServer, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = requests.post(server.infer_url, data=body, headers=headers, timeout=SECONDS)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_a_large_request_ends_in_time_and_holds_no_other(slow_server: LocalServer) -> None:
    large = [tensor("distance", *[5.0] * 10_000)]
    with ThreadPoolExecutor(1) as client:
        under_way = client.submit(answer_to, slow_server, large)
        time.sleep(1)
        status, _ = answer_to(slow_server, [tensor("distance", 5.0)])
        assert (status, under_way.done()) == (200, False)
        status, text = under_way.result()
    assert (status, "no answer within 10 s; send fewer rows" in text) == (503, True), text
