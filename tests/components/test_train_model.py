import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.kserve.golden_requests import differences
from engine.training.estimators import make_pipeline
from engine.training.golden_requests import choose, encode
from engine.training.importance import importance
from tests.components.conftest import FLIGHTS, words_of

BOOSTING = {
    "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
    "parameters": {"max_iter": 5, "max_features": 0.5},
    "categories": "ordinal",
    "seed": 1,
}
LOGISTIC = {
    "estimator": "sklearn.linear_model.LogisticRegression",
    "parameters": {"max_iter": 500},
    "categories": "one-hot",
    "seed": 1,
}


def test_the_model_is_one_file_and_its_record_says_what_it_is(
    run_component, feature_settings, built, loaded, tmp_path
) -> None:
    ended, record = train(run_component, BOOSTING, feature_settings, built, tmp_path)
    assert ended.status == 0, ended.error
    files = {"golden.json", "model.joblib", "sketches.json.gz"}
    assert {path.name for path in (tmp_path / "model").iterdir()} == files
    model = (tmp_path / "model" / "model.joblib").read_bytes()
    assert (record["model_sha256"], record["model_bytes"]) == (sha256(model).hexdigest(), len(model))
    assert BOOSTING.items() <= record.items()
    assert sorted(record["features"]) == sorted(feature_settings["columns"])
    assert record["training_window"] == {"start": "2013-01-14T00:00:00", "end": "2013-01-28T00:00:00"}
    assert record["data_sha256"] == json.loads((loaded["training"] / "snapshot.json").read_text())["sha256"]
    label = pq.read_table(built["training"])["late"].to_pandas().dropna()
    assert record["rows"] == len(label)
    assert record["label"] == {"name": "late", "type": "binary", "mean": label.mean(), "median": 0.0}
    assert record["libraries"]["scikit-learn"] == __import__("sklearn").__version__


@pytest.mark.parametrize("training", [BOOSTING, LOGISTIC], ids=["boosting", "logistic"])
def test_the_same_inputs_give_the_same_bytes_in_any_process_on_any_number_of_cores(
    run_component, feature_settings, built, tmp_path, training: dict[str, Any]
) -> None:
    here = train(run_component, training, feature_settings, built, tmp_path)[1]
    words = words_of(options_of(training, feature_settings, built, tmp_path / "there"))
    command = [sys.executable, "-m", "components.train_model.main", *words]
    core = min(os.sched_getaffinity(0))
    subprocess.run(
        command,
        cwd=FLIGHTS.parents[1],
        env={"PYTHONHASHSEED": "7"},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=True,
    )
    there = json.loads((tmp_path / "there" / "record").read_text())
    assert here["model_sha256"] == there["model_sha256"]


def test_thresholds_are_chosen_on_the_newest_rows_for_a_model_of_the_older_ones(
    run_component, feature_settings, built, tmp_path
) -> None:
    training = BOOSTING | {"thresholds": ["f1"]}
    ended, record = train(run_component, training, feature_settings, built, tmp_path)
    assert ended.status == 0, ended.error
    assert 0 < record["thresholds"]["f1"] < 0.5
    without = train(run_component, BOOSTING, feature_settings, built, tmp_path)[1]
    assert "thresholds" not in without
    assert without["model_sha256"] == record["model_sha256"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("linear_model.PoissonRegressor", {"max_iter": 500}),
        ("ensemble.HistGradientBoostingRegressor", {"max_iter": 3, "loss": "quantile", "quantile": 0.9}),
    ],
)
def test_counts_and_quantiles_are_regressions(
    run_component, feature_settings, built, tmp_path, name: str, parameters: dict[str, Any]
) -> None:
    feature_settings["label"]["type"] = "count"
    kind = LOGISTIC if "linear" in name else BOOSTING
    training = kind | {"estimator": f"sklearn.{name}", "parameters": parameters}
    ended, record = train(run_component, training, feature_settings, built, tmp_path)
    assert ended.status == 0, ended.error
    label = pq.read_table(built["training"])["late"].to_pandas().dropna()
    assert record["label"]["quantiles"]["0.9"] == np.quantile(label, 0.9)
    model = joblib.load(tmp_path / "model" / "model.joblib")
    rows = pq.read_table(built["evaluation"]).to_pandas()
    assert (model.predict(rows[list(feature_settings["columns"])]) >= 0).all()


def test_the_seed_matters(run_component, feature_settings, built, tmp_path) -> None:
    first = train(run_component, BOOSTING, feature_settings, built, tmp_path)[1]
    other = train(run_component, {**BOOSTING, "seed": 2}, feature_settings, built, tmp_path)[1]
    assert first["model_sha256"] != other["model_sha256"]


@pytest.mark.parametrize("training", [BOOSTING, LOGISTIC], ids=["boosting", "logistic"])
def test_a_stock_server_can_load_the_model(
    run_component, feature_settings, built, tmp_path, training: dict[str, Any]
) -> None:
    train(run_component, training, feature_settings, built, tmp_path)
    pickled = (tmp_path / "model" / "model.joblib").read_bytes()
    model = joblib.load(tmp_path / "model" / "model.joblib")
    assert b"components" not in pickled
    assert b"pandas" not in pickled
    assert type(model).__module__ == "sklearn.pipeline"


def test_golden_requests_are_rows_of_the_training_with_the_model_s_own_answers(
    run_component, feature_settings, built, tmp_path
) -> None:
    _, record = train(run_component, BOOSTING, feature_settings, built, tmp_path)
    written = (tmp_path / "model" / "golden.json").read_bytes()
    assert record["golden_sha256"] == sha256(written).hexdigest()
    golden = json.loads(written)
    rows = pd.DataFrame({each["name"]: each["data"] for each in golden["request"]["inputs"]})
    assert len(rows.drop_duplicates()) == 20
    model = joblib.load(tmp_path / "model" / "model.joblib")
    answer = [
        {"name": "predict", "shape": [20, 1], "data": model.predict(rows).tolist()},
        {"name": "predict_proba", "shape": [20, 2], "data": model.predict_proba(rows).ravel().tolist()},
    ]
    assert golden["expected"] == answer
    assert differences(golden, {"outputs": answer}) == []
    answer[1]["data"][5] += 1e-6
    (difference,) = differences(golden, {"outputs": answer})
    assert "in row 2" in difference
    assert "1 of 20 rows differ" in difference
    assert len(differences(golden, {"outputs": []})) == 2
    for odd in (None, [], {"error": "no"}, {"outputs": 1}, {"outputs": [{"name": "predict"}]}):
        assert "expected outputs" in differences(golden, odd)[0]


def test_a_row_that_lacks_a_feature_is_among_the_golden_ones() -> None:
    column = pd.Series(range(1000), dtype="Int64", name="age").mask(lambda age: age == 321)
    tensor = encode(choose(column.to_frame())["age"])
    assert (tensor["datatype"], tensor["shape"]) == ("FP64", [21, 1])
    assert tensor["data"].count(None) == 1


def test_without_golden_requests_a_model_is_trained_all_the_same(
    run_component, feature_settings, built, tmp_path
) -> None:
    table = pq.read_table(built["training"])
    position = table.column_names.index("weekday")
    dated = table.set_column(position, "weekday", table["scheduled_departure"]).replace_schema_metadata()
    pq.write_table(dated, tmp_path / "features")
    ended, record = train(
        run_component, BOOSTING, feature_settings, {"training": tmp_path / "features"}, tmp_path
    )
    assert ended.status == 0, ended.error
    assert "no golden requests, so this model cannot be deployed to a server: weekday" in ended.output
    assert "golden_sha256" not in record


@pytest.mark.parametrize("categories", ["ordinal", "one-hot"])
def test_rows_unlike_any_in_training_are_predicted(categories: str) -> None:
    from sklearn.linear_model import LinearRegression

    columns = {"color": {"type": "category"}, "size": {"type": "number"}, "empty": {"type": "number"}}
    rows = pd.DataFrame({"color": ["red", "blue", None], "size": [1, None, 3], "empty": np.nan})
    model = make_pipeline(LinearRegression(), categories, columns).fit(rows, [1.0, 2.0, 3.0])
    strange = pd.DataFrame({"color": ["green", None], "size": [np.nan, 9.0], "empty": [1.0, np.nan]})
    assert np.isfinite(model.predict(strange)).all()


@pytest.mark.parametrize("name", ["Ridge", "ensemble.RandomForestRegressor", "dummy.DummyRegressor"])
def test_a_label_may_be_a_number(run_component, feature_settings, built, tmp_path, name: str) -> None:
    feature_settings["label"]["type"] = "number"
    name = name if "." in name else f"linear_model.{name}"
    parameters = {"n_estimators": 3, "max_depth": 3} if "Forest" in name else {}
    training = {**BOOSTING, "estimator": f"sklearn.{name}", "parameters": parameters}
    ended, record = train(run_component, training, feature_settings, built, tmp_path)
    assert ended.status == 0, ended.error
    assert record["label"]["type"] == "number"


@pytest.mark.parametrize(
    ("estimator", "hint"),
    [
        ("sklearn.ensemble.HistGradientBostingClassifier", "sklearn.ensemble.HistGradientBoostingClassifier"),
        ("sklearn.linear.LogisticRegression", "sklearn.linear_model.LogisticRegression"),
        ("sklearn.base.clone", "expected an estimator"),
        ("os.system", "expected an estimator"),
        ("sklearn_evil.Model", "expected an estimator"),
        ("sklearn.linear_model.LinearRegression", "does not predict a label of type binary"),
        ("sklearn.ensemble.VotingClassifier", "missing 1 required positional argument: 'estimators'"),
        ("sklearn.svm.LinearSVC", "does not predict a label of type binary"),
    ],
)
def test_a_wrong_estimator_gets_the_nearest_right_one(
    run_component, feature_settings, built, tmp_path, estimator: str, hint: str
) -> None:
    training = {**BOOSTING, "estimator": estimator, "parameters": {}}
    refused(train(run_component, training, feature_settings, built, tmp_path)[0], tmp_path, hint)


def test_nothing_but_scikit_learn_is_imported(run_component, feature_settings, built, tmp_path) -> None:
    training = {**BOOSTING, "estimator": "antigravity.Estimator", "parameters": {}}
    train(run_component, training, feature_settings, built, tmp_path)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("parameters", "hint"),
    [({"max_itr": 5}, "did you mean max_iter?"), ({"max_iter": "many"}, "'max_iter' parameter")],
)
def test_a_wrong_parameter_is_reported(
    run_component, feature_settings, built, tmp_path, parameters: dict[str, Any], hint: str
) -> None:
    training = {**BOOSTING, "parameters": parameters}
    refused(train(run_component, training, feature_settings, built, tmp_path)[0], tmp_path, hint)


def test_rows_without_a_label_teach_nothing(run_component, feature_settings, built, tmp_path) -> None:
    table = pq.read_table(built["training"])
    unlabelled = table.set_column(2, "late", pa.nulls(table.num_rows, pa.int8()))
    pq.write_table(unlabelled, tmp_path / "unlabelled")
    files = {"training": tmp_path / "unlabelled"}
    refused(train(run_component, BOOSTING, feature_settings, files, tmp_path)[0], tmp_path, "found none")


def test_a_full_disk_leaves_no_model(run_component, feature_settings, built, full_disk, tmp_path) -> None:
    with full_disk():
        ended = train(run_component, BOOSTING, feature_settings, built, tmp_path)[0]
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert not list(tmp_path.iterdir())


def train(
    run_component: Any,
    training: dict[str, Any],
    settings: dict[str, Any],
    built: dict[str, Path],
    folder: Path,
) -> tuple[Any, dict[str, Any] | None]:
    ended = run_component("train_model", **options_of(training, settings, built, folder))
    record = folder / "record"
    return ended, json.loads(record.read_text()) if record.exists() else None


def options_of(
    training: dict[str, Any], settings: dict[str, Any], built: dict[str, Path], folder: Path
) -> dict[str, Any]:
    options = {"training_settings": training, "feature_settings": settings}
    return {**options, "features": built["training"], "model": folder / "model", "record": folder / "record"}


def refused(ended: Any, folder: Path, *words: str) -> None:
    assert ended.status == 2
    assert ended.error.count("\n") == 1
    assert all(word in ended.error for word in words), ended.error
    assert not (folder / "model").exists()


@pytest.mark.parametrize("training", [BOOSTING, LOGISTIC], ids=["boosting", "logistic"])
def test_the_record_has_the_rise_of_error_by_feature_and_day(
    run_component, feature_settings, built, tmp_path, training: dict[str, Any]
) -> None:
    record = train(run_component, training, feature_settings, built, tmp_path)[1]
    again = train(run_component, training, feature_settings, built, tmp_path / "again")[1]

    measured = record["importance"]
    assert {*measured["rise"]} == {*feature_settings["columns"]}
    assert {len(sums) for sums in measured["rise"].values()} == {len(measured["rows"])} == {14}
    assert sum(measured["rows"]) == min(record["rows"], 10_000)
    assert measured == again["importance"]


def test_only_a_feature_that_the_model_uses_raises_its_error() -> None:
    days = pd.date_range("2013-01-01", periods=400, freq="6h")
    used = np.random.default_rng(1).integers(0, 2, 400)
    rows = pd.DataFrame({"time": days, "late": used, "used": used * 1.0, "ignored": np.arange(400.0)})
    settings = {"time": "time", "label": {"name": "late"}, "columns": {"used": {}, "ignored": {}}}

    class Model:
        classes_ = np.array([0, 1])

        def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
            return np.column_stack([1 - features["used"], features["used"]])

    measured = importance(Model(), rows, settings, seed=1)

    assert len(measured["rows"]) == 28 and sum(measured["rows"]) == 28 * 4
    assert sum(measured["rise"]["used"]) / 112 == pytest.approx(0.5, abs=0.15)
    assert measured["rise"]["ignored"] == [0.0] * 28
