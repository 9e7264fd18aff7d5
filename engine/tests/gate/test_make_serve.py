"""`make serve`: the champion, served on this machine by the server that a cluster would run."""

import os
import re
import signal
import subprocess
import sys

import pytest

from engine.command_line import SettingsError
from engine.serving.model_server import image_of
from engine.tests.model_servers import ENVIRONMENTS, free_port
from engine.tests.project import ELSEWHERE, Project


@pytest.fixture
def served(with_champion: Project) -> Project:
    """A project with a champion, whose servers run in environments that outlast this test."""
    (with_champion.root / ".mlops/environments").symlink_to(ENVIRONMENTS, target_is_directory=True)
    return with_champion


def test_the_champion_is_served_until_ctrl_c(served: Project) -> None:
    port = free_port()
    command = [sys.executable, "-m", "scripts.serve_model", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    with subprocess.Popen(
        command, cwd=served.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = "".join(iter(process.stdout.readline, "\n"))
            assert served.champion()["version"] in said
            assert f"ready at http://127.0.0.1:{port}, and it answers as the model does" in said
            answered = subprocess.run(
                ["sh", "-c", process.stdout.readline()], capture_output=True, text=True, check=True
            )
            assert re.search(r'"name":"predict_proba","shape":\[1,2\]', answered.stdout), answered.stdout
            busy = served.run("serve_model", "--port", str(port))
            assert (busy.returncode, busy.stderr) == (
                3,
                f"error: cannot listen on port {port}: Address already in use; choose another with --port\n",
            )
        finally:
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "ending\n")
    log = (served.root / "build/serve/server.log").read_text()
    assert "Traceback" not in log
    assert "Finished server process" in log


def test_what_cannot_be_served_is_said_in_one_line(served: Project) -> None:
    version = served.champion()["version"]
    folder = served.root / f".mlops/models/models/flight-delays/versions/{version}"
    golden = (folder / "golden.json").read_text()
    (folder / "golden.json").write_text(golden.replace("0.", "0.5"))
    assert_refused(served, 3, "golden.json: expected a file of the SHA-256")
    (folder / "golden.json").write_text(golden)
    model = (folder / "model/model.joblib").read_bytes()
    (folder / "model/model.joblib").write_bytes(model + b"0")
    assert_refused(served, 3, "model.joblib: expected the SHA-256")
    (served.root / ".mlops/models/models/flight-delays/champion.json").unlink()
    assert_refused(served, 3, "champion.json: expected it beside a ledger that has moves")


def test_a_version_that_names_no_server_is_to_be_trained_again(fresh: Project) -> None:
    with pytest.raises(SettingsError, match="version v1 names no image that serves it; train it again"):
        image_of(fresh.root, {"version": "v1", "images": {}}, fresh.registry)


def assert_refused(project: Project, status: int, said: str) -> None:
    done = project.run("serve_model", "--port", str(free_port()))
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
