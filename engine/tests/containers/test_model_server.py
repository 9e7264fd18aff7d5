"""The model server in its image, as a cluster runs it: without privileges, with nothing to write to."""

import hashlib
import http.client
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from engine.kserve.golden_requests import differences
from engine.tests.containers.container_engine import Engine
from engine.tests.model_servers import free_port
from engine.training.golden_requests import golden

pytestmark = pytest.mark.containers
SECONDS = 60


def test_model_server_answers_for_its_model_and_refuses_another(
    engine: Engine, built: Callable[[str], str], tmp_path: Path
) -> None:
    features = pd.DataFrame({"distance": [100.0, 200.0, 300.0, 400.0], "stops": [0, 1, 0, 1]})
    model = LogisticRegression().fit(features, [0, 0, 1, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    sha256 = hashlib.sha256((tmp_path / "model.joblib").read_bytes()).hexdigest()
    port = free_port()
    container = start(engine, built("serve_model"), tmp_path, sha256, port)
    try:
        connection = wait_until_ready(container, port)
        requests = golden(model, features)
        connection.request("POST", "/v2/models/m/infer", json.dumps(requests["request"]))
        assert differences(requests, json.load(connection.getresponse())) == []
        connection.close()
        assert engine.run("podman", "exec", f"m-{port}", "id", "--user") == "1000\n"
    finally:
        engine.run("podman", "stop", "--time=10", f"m-{port}")
        said, _ = container.communicate()
    assert container.returncode == 0, said

    refused = start(engine, built("serve_model"), tmp_path, "0" * 64, port)
    said, _ = refused.communicate(timeout=SECONDS)
    assert refused.returncode == 3
    assert said.startswith(
        f"error: /mnt/models/model.joblib: expected the SHA-256 {'0' * 64}, found {sha256}"
    )


def start(engine: Engine, image: str, models: Path, sha256: str, port: int) -> subprocess.Popen[str]:
    variables = {
        "MLSERVER_MODEL_NAME": "m",
        "MLSERVER_MODEL_URI": "/mnt/models",
        "MODEL_SHA256": sha256,
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": port,
        "MLSERVER_GRPC_PORT": free_port(),
        "MLSERVER_METRICS_PORT": free_port(),
    }
    models.chmod(0o755)
    options = (f"--env={name}={value}" for name, value in variables.items())
    return engine.start(
        *("podman", "run", "--rm", f"--name=m-{port}", "--read-only", "--cap-drop=all"),
        *(f"--volume={models}:/mnt/models:ro", *options, image),
        *("python", "-m", "components.serve_model.main"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_until_ready(container: subprocess.Popen[str], port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + SECONDS
    while container.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        try:
            connection.request("GET", "/v2/models/m/ready")
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return connection
        except OSError:
            time.sleep(0.1)
    raise AssertionError("expected a server that is ready, found none")
