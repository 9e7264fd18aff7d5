"""What the model server does before it serves: it refuses any model but the one meant."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn.base
from sklearn.dummy import DummyClassifier

from engine.model_server.model_file import load_model

NAME = "flight-delays"


@pytest.fixture
def serve(run_component: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start the server on these bytes, with this digest as the expected one, or their own."""

    def start(content: bytes | None, digest: str | None = None, columns: str = "{}") -> Any:
        (tmp_path / "models").mkdir()
        if content is not None:
            (tmp_path / "models/model.joblib").write_bytes(content)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.setenv("MLSERVER_MODEL_NAME", NAME)
        monkeypatch.setenv("MODEL_COLUMNS", columns)
        monkeypatch.setenv("MLSERVER_MODEL_URI", str(tmp_path / "models"))
        monkeypatch.setenv(
            "MODEL_SHA256", hashlib.sha256(content or b"").hexdigest() if digest is None else digest
        )
        return run_component("serve_model")

    return start


def dumped(tmp_path: Path) -> bytes:
    model = DummyClassifier(constant=1, strategy="constant").fit([[0], [1]], [0, 1])
    joblib.dump(model, tmp_path / "dumped")
    return (tmp_path / "dumped").read_bytes()


def test_another_model_is_refused_before_it_is_loaded(serve, tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "it-ran",)

    joblib.dump(Runs(), tmp_path / "crafted")
    ended = serve((tmp_path / "crafted").read_bytes(), "0" * 64)
    assert (ended.status, ended.output) == (3, "")
    assert ended.error.startswith(
        f"error: {tmp_path}/models/model.joblib: expected the SHA-256 {'0' * 64}, found "
    )
    assert ended.error.count("\n") == 1
    assert not (tmp_path / "it-ran").exists()


def test_a_model_of_another_scikit_learn_is_refused(serve, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sklearn.base, "__version__", "1.5.2")
    content = dumped(tmp_path)
    monkeypatch.undo()
    ended = serve(content)
    assert ended.status == 2
    assert f"expected a model of scikit-learn {sklearn.__version__}, found one of 1.5.2" in ended.error


@pytest.mark.parametrize(
    ("content", "digest", "columns", "status", "said"),
    [
        (None, None, "{}", 3, "model.joblib: expected the model, found nothing in its folder"),
        (b"no model", None, "{}", 3, "expected a model of scikit-learn"),
        (b"any", "", "{}", 2, "MODEL_SHA256: expected a value, found none"),
        (b"any", None, '{"a": {"min": 1}}', 2, "MODEL_COLUMNS: a: expected type, found none"),
        (b"any", None, "{", 2, "MODEL_COLUMNS: Expecting property name"),
    ],
    ids=["no file", "no model", "no digest", "columns of no type", "columns that are no JSON"],
)
def test_a_model_that_cannot_be_served_is_reported_in_one_line(
    serve, content, digest, columns, status: int, said: str
) -> None:
    ended = serve(content, digest, columns)
    assert ended.status == status
    assert said in ended.error
    assert ended.error.count("\n") == 1


def test_the_model_meant_is_loaded(tmp_path: Path) -> None:
    assert load_model(dumped(tmp_path)).predict([[5]]).tolist() == [1]
