import re
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.metrics import roc_auc_score

from tests.components.conftest import feature_settings_of, run_main

TRAINING = {
    "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
    "parameters": {"max_iter": 20},
    "categories": "ordinal",
    "seed": 1,
}


@pytest.fixture(scope="module")
def model(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that knows two weeks of flights."""
    folder = tmp_path_factory.mktemp("model")
    options = {"training_settings": TRAINING, "feature_settings": feature_settings_of()}
    files = {"features": built["training"], "model": folder / "model", "record": folder / "record"}
    assert run_main("train_model", {**options, **files}) == 0
    return folder / "model"


def test_predictions_are_the_models_own_by_key(
    run_component, feature_settings, built, model, tmp_path
) -> None:
    ended = score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    assert ended.status == 0, ended.error
    found = pq.read_table(tmp_path / "predictions")
    features = pq.read_table(built["evaluation"])
    assert found.column_names == ["flight_id", "prediction"]
    assert found["flight_id"].equals(features["flight_id"])
    rows = features.to_pandas()[sorted(feature_settings["columns"])]
    expected = joblib.load(model / "model.joblib").predict_proba(rows)[:, 1]
    assert np.array_equal(found["prediction"].to_numpy(), expected)


def test_predictions_are_probabilities_of_being_late(
    run_component, feature_settings, built, model, tmp_path
) -> None:
    score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    late = pq.read_table(built["evaluation"])["late"].to_pandas()
    prediction = pq.read_table(tmp_path / "predictions")["prediction"].to_pandas()
    known = late.notna()
    assert roc_auc_score(late[known].astype(int), prediction[known]) > 0.6


def test_the_time_it_took_is_reported(run_component, feature_settings, built, model, tmp_path) -> None:
    score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    assert float(pq.read_schema(tmp_path / "predictions").metadata[b"milliseconds_per_1000_rows"]) > 0


def test_a_number_is_predicted_as_it_is(run_component, feature_settings, built, tmp_path) -> None:
    feature_settings["label"]["type"] = "number"
    (tmp_path / "model").mkdir()
    constant = DummyRegressor(strategy="constant", constant=7.5).fit([[0]], [0])
    joblib.dump(constant, tmp_path / "model" / "model.joblib")
    score(run_component, tmp_path / "model", feature_settings, built["evaluation"], tmp_path)
    assert set(pq.read_table(tmp_path / "predictions")["prediction"].to_pylist()) == {7.5}


def test_no_model_predicts_nothing_and_says_so(run_component, feature_settings, built, tmp_path) -> None:
    ended = score(run_component, tmp_path / "empty", feature_settings, built["evaluation"], tmp_path)
    assert ended.status == 0
    assert "there is no model" in ended.output
    found = pq.read_table(tmp_path / "predictions")
    assert found.num_rows == 0
    assert found.schema.field("flight_id").type == pq.read_schema(built["evaluation"]).field("flight_id").type


def test_features_that_the_model_does_not_know_are_reported(
    run_component, feature_settings, built, model, tmp_path
) -> None:
    del feature_settings["columns"]["carrier"]
    ended = score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert "carrier" in ended.error


def test_a_missing_feature_is_reported(run_component, feature_settings, built, model, tmp_path) -> None:
    feature_settings["columns"]["humidity"] = {"type": "number", "known": "before_departure"}
    ended = score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (2, 1)
    assert "expected a column humidity, found none" in ended.error


def test_a_model_of_other_libraries_is_not_scored(
    run_component, feature_settings, built, model, tmp_path
) -> None:
    elsewhere = tmp_path / "model"
    elsewhere.mkdir()
    pickled = (model / "model.joblib").read_bytes()
    version = __import__("sklearn").__version__.encode()
    older = re.sub(rb"[1-9]", b"0", version)
    (elsewhere / "model.joblib").write_bytes(pickled.replace(version, older))
    ended = score(run_component, elsewhere, feature_settings, built["evaluation"], tmp_path)
    assert ended.status == 2
    assert "score it in the image it was born in" in ended.error
    assert not (tmp_path / "predictions").exists()


@pytest.mark.parametrize("length", [0, 100, -100])
def test_a_truncated_model_is_reported(
    run_component, feature_settings, built, model, tmp_path, length: int
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.joblib").write_bytes((model / "model.joblib").read_bytes()[:length])
    ended = score(run_component, tmp_path / "model", feature_settings, built["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "model.joblib: expected a model" in ended.error


def test_a_truncated_table_is_reported(run_component, feature_settings, built, model, tmp_path) -> None:
    (tmp_path / "features").write_bytes(built["evaluation"].read_bytes()[:-1])
    ended = score(run_component, model, feature_settings, tmp_path / "features", tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert "expected a parquet file" in ended.error


def test_a_full_disk_leaves_nothing(
    run_component, feature_settings, built, model, full_disk, tmp_path
) -> None:
    with full_disk():
        ended = score(run_component, model, feature_settings, built["evaluation"], tmp_path)
    assert (ended.status, ended.error.count("\n")) == (3, 1)
    assert not list(tmp_path.iterdir())


def score(run_component: Any, model: Path, settings: dict[str, Any], features: Path, folder: Path) -> Any:
    options = {"model": model, "feature_settings": settings, "features": features}
    return run_component("score_model", **options, predictions=folder / "predictions")
