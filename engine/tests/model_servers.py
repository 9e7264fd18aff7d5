"""The model server and KServe's storage initializer, in environments kept from one session to the next."""

import os
import socket
from pathlib import Path

from engine.serving.server_environment import interpreter_for

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
ENVIRONMENTS = CACHE / "kubeflow-ci-cd-ct-template/environments"
ROOT = Path(__file__).parents[2]


def server_python() -> Path:
    """The interpreter with what the model server's image has."""
    return interpreter_for(ROOT / "components/serve_model/requirements.txt", ENVIRONMENTS)


def initializer_python() -> Path:
    """The interpreter with KServe's storage initializer."""
    return interpreter_for(ROOT / "engine/tests/serving/requirements.txt", ENVIRONMENTS)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
