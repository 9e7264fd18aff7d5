"""A model of the user's own class loads in the images that train, score and serve it, and in no other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.images import images
from engine.sources import WorkTree
from engine.tests.project import ROOT

OWN = """from sklearn.linear_model import LogisticRegression


class Careful(LogisticRegression):
    def predict_proba(self, features):
        return 0.5 + (super().predict_proba(features) - 0.5) / 2
"""
SETTINGS = {
    "rows": "loans",
    "key": "id",
    "time": "at",
    "label": {"name": "late", "type": "binary"},
    "columns": {"size": {"type": "number"}},
}
TRAINING = {
    "estimator": "components.estimators.Careful",
    "parameters": {},
    "categories": "ordinal",
    "seed": 1,
}


def staged(name: str, folder: Path) -> Path:
    """The context of an image, with a class of the user's if it has a module for it."""
    copy = folder / name
    shutil.copytree(images.stage(name, WorkTree(ROOT)).path, copy)
    if (copy / "components/estimators.py").exists():
        (copy / "components/estimators.py").write_text(OWN)
    return copy


def run(context: Path, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=context, env={}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_model_of_an_own_class_loads_where_it_is_scored_and_served(tmp_path: Path) -> None:
    size = np.arange(200.0)
    at = np.datetime64("2024-01-01", "us") + np.arange(200) * np.timedelta64(1, "h")
    pq.write_table(
        pa.table({"id": size.astype(int), "at": at, "late": size > 90, "size": size}), tmp_path / "rows"
    )
    features = ("--features", tmp_path / "rows", "--feature-settings", json.dumps(SETTINGS))
    model = ("--model", tmp_path / "model")

    trained = ("--training-settings", json.dumps(TRAINING), "--record", tmp_path / "record.json")
    run(staged("train_model", tmp_path), "-m", "components.train_model.main", *features, *model, *trained)
    scored = ("--predictions", tmp_path / "predictions")
    run(staged("score_model", tmp_path), "-m", "components.score_model.main", *features, *model, *scored)
    loads = "import sys; from engine.model_server.model_file import load_model;"
    loads += "print(load_model(open(sys.argv[1], 'rb').read())[-1].__module__)"
    served = run(staged("serve_model", tmp_path), "-c", loads, tmp_path / "model/model.joblib")

    predicted = pq.read_table(tmp_path / "predictions")["prediction"].to_numpy()
    assert 0.25 <= predicted.min() < 0.3
    assert 0.7 < predicted.max() <= 0.75
    assert served == "components.estimators\n"
    assert not list(staged("compare_models", tmp_path).rglob("estimators.py"))
