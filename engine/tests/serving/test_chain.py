"""From the model registry on S3, by KServe's own storage initializer, to the server's answers over HTTP."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import pyarrow.parquet as pq
import pytest
import requests
import sklearn.base
from sklearn.dummy import DummyClassifier

from engine.command_line import WorldError
from engine.kserve import golden_requests as golden
from engine.kserve import lint
from engine.kserve.delivery import deliver
from engine.model_registry.model_registry import ModelRegistry
from engine.serving.model_server import LocalServer, running
from engine.stores import storage
from engine.tables import file_sha256
from engine.tests.model_servers import ROOT, free_port, initializer_python, server_python
from engine.tests.model_versions import METADATA, verdict_on
from engine.tests.seaweedfs import SeaweedFS
from engine.tests.served_versions import IMAGE, SERVING
from engine.tests.standins.kubernetes_api import KubernetesApi
from engine.training.golden_requests import encode
from tests.components.conftest import AS_OF, data_settings_of, feature_settings_of, run_main

NAME = "flight-delays"
DOWNLOAD = "import sys; from kserve_storage import Storage; Storage.download(*sys.argv[1:])"
TRAINING = {
    "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
    "parameters": {"max_iter": 20},
    "categories": "ordinal",
    "seed": 1,
}


class Published(NamedTuple):
    registry: ModelRegistry
    version: str
    uri: str
    sha256: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of two weeks of flights, their features, and the record of its training."""
    folder = tmp_path_factory.mktemp("trained")
    tables, features, settings = folder / "tables", folder / "features", feature_settings_of()
    steps = {
        "load_data": {"data_settings": data_settings_of(), "window": "training", "as_of": AS_OF},
        "build_features": {"feature_settings": settings, "features": features},
        "train_model": {"feature_settings": settings, "features": features, "training_settings": TRAINING},
    }
    steps["load_data"]["tables"] = steps["build_features"]["tables"] = tables
    steps["train_model"] |= {"model": folder / "model", "record": folder / "record.json"}
    assert [run_main(name, options) for name, options in steps.items()] == [0, 0, 0]
    return folder


@pytest.fixture
def published(trained: Path, s3_folder: str) -> Published:
    """That model as a version on S3."""
    record = json.loads((trained / "record.json").read_text())
    verdict = verdict_on("")
    verdict["models"]["candidate"]["model_sha256"] = record["model_sha256"]
    registry = ModelRegistry(f"{s3_folder}/registry", NAME)
    metadata = METADATA | {"images": METADATA["images"] | {"serve_model": IMAGE}}
    version = registry.register(trained / "model", record, verdict, metadata)
    return Published(registry, version, registry.model_uri(version), record["model_sha256"])


@pytest.fixture
def fetched(seaweedfs: SeaweedFS, tmp_path: Path) -> Any:
    """Call it with a URI, and the storage initializer fetches that as the read-only identity, or another."""

    def fetch(uri: str, identity: dict[str, str] | None = None) -> Path:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        access = seaweedfs.environment("reader") if identity is None else identity
        command = [initializer_python(), "-c", DOWNLOAD, uri, tmp_path / "models"]
        done = subprocess.run(command, env=own | access, capture_output=True, text=True)
        if done.returncode:
            raise WorldError(done.stderr)
        return tmp_path / "models"

    return fetch


@contextmanager
def serving(model: Path, sha256: str) -> Iterator[LocalServer]:
    log = model.parent / "server.log"
    columns = feature_settings_of()["columns"]
    with running(ROOT, server_python(), NAME, model, sha256, free_port(), log, columns) as server:
        server.wait_until_ready()
        yield server


def test_the_served_answers_are_the_model_s_own_row_for_row(
    trained: Path, published: Published, fetched: Any
) -> None:
    registered = published.registry.golden(published.version)
    names = [each["name"] for each in registered["request"]["inputs"]]
    assert lint.storage_uri(published.uri) is None
    models = fetched(published.uri)
    assert [path.name for path in models.rglob("*")] == ["model.joblib"]
    with serving(models, published.sha256) as server:
        assert golden.differences(registered, server.infer(registered["request"])) == []

        model = joblib.load(trained / "model/model.joblib")
        features = pq.read_table(trained / "features").to_pandas()[names]
        request = registered["request"] | {"inputs": [encode(features[name]) for name in names]}
        answer = {each["name"]: each["data"] for each in server.infer(request)["outputs"]}
        assert answer["predict"] == model.predict(features).tolist()
        assert answer["predict_proba"] == model.predict_proba(features).ravel().tolist()

        lacking = server.infer(request | {"inputs": request["inputs"][1:]})
        assert lacking == {"error": f"{names[0]}: expected one column of the name, found none"}


def test_no_request_unloads_the_model(trained: Path) -> None:
    models = trained / "model"
    with serving(models, file_sha256(models / "model.joblib")) as server:
        for what in ("unload", "load"):
            answer = requests.post(f"{server.url}/v2/repository/models/{NAME}/{what}", timeout=10)
            assert (answer.status_code, "a deployment decides" in answer.text) == (403, True)
        server.wait_until_ready()


def test_a_deployment_is_proved_by_what_the_server_answers(
    published: Published, fetched: Any, cluster: KubernetesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVING_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("SERVING_SECRET_ACCESS_KEY", "reader-secret")
    with serving(fetched(published.uri), published.sha256) as server:
        settings = SERVING | {"ingress": server.url}
        assert "is served" in deliver(published.registry, settings, published.version, "run-1", "")
    model = cluster.service()["spec"]["predictor"]["model"]
    assert model["storageUri"] == published.uri
    assert {"name": "MODEL_SHA256", "value": published.sha256} in model["env"]


def test_fault_1_a_scheme_that_kserve_does_not_take(published: Published, fetched: Any) -> None:
    uri = published.uri.replace("s3://", "minio://")
    with pytest.raises(WorldError, match="Cannot recognize storage type for minio://"):
        fetched(uri)
    assert lint.storage_uri(uri).startswith("storageUri: expected s3://bucket/folder/, found minio://")


def test_fault_2_a_model_that_lies_as_kubeflow_s_artifacts_do(
    published: Published, s3_folder: str, fetched: Any
) -> None:
    storage.write_bytes(f"{s3_folder}/artifacts/model", storage.read_bytes(f"{published.uri}model.joblib"))
    models = fetched(f"{s3_folder}/artifacts/")
    with (
        pytest.raises(WorldError, match=r"model\.joblib: expected the model, found model in its folder"),
        serving(models, published.sha256),
    ):
        pass


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"accesskey": "reader", "secretkey": "reader-secret"}, "[Cc]redentials"),
        ({"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "guessed"}, "403|Forbidden|denied"),
    ],
    ids=["of the names that Kubeflow gives them", "of an unknown user"],
)
def test_fault_3_credentials_that_are_not_those_of_the_store(
    published: Published, seaweedfs: SeaweedFS, fetched: Any, identity: dict[str, str], said: str
) -> None:
    store = {
        name: value
        for name, value in seaweedfs.environment().items()
        if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    with pytest.raises(WorldError, match=said):
        fetched(published.uri, store | identity)


def test_fault_4_no_slash_at_the_end(published: Published, fetched: Any) -> None:
    uri = published.uri.rstrip("/")
    storage.write_bytes(f"{uri}-of-others/model.joblib", b"another model")
    models = fetched(uri)
    assert len([*models.rglob("model.joblib")]) == 2, "its neighbor is fetched, too"
    assert lint.storage_uri(uri).startswith("storageUri: expected a / at the end of s3://")


def test_fault_5_another_scikit_learn_than_the_model_s(
    s3_folder: str, fetched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sklearn.base, "__version__", "1.5.2")
        joblib.dump(DummyClassifier().fit([[0], [1]], [0, 1]), tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    storage.write_bytes(f"{s3_folder}/old/model.joblib", content)
    with (
        pytest.raises(WorldError, match=r"expected a model of scikit-learn \S+, found one of 1\.5\.2"),
        serving(fetched(f"{s3_folder}/old/"), hashlib.sha256(content).hexdigest()),
    ):
        pass


def test_a_model_that_was_exchanged_in_the_store_is_never_loaded(published: Published, fetched: Any) -> None:
    storage.write_bytes(f"{published.uri}model.joblib", b"crafted")
    with (
        pytest.raises(WorldError, match=f"the server ended with 3: error: .* the SHA-256 {published.sha256}"),
        serving(fetched(published.uri), published.sha256),
    ):
        pass
