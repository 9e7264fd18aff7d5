"""`make serve`: the champion, served on this machine by the server that a cluster would run."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from engine.command_line import SettingsError
from engine.serving.model_server import image_of
from engine.tests.model_servers import ENVIRONMENTS, free_port
from engine.tests.model_versions import verdict_on
from engine.tests.project import ELSEWHERE, Project
from local_kfp.tests.in_process import wait_until


@pytest.fixture
def served(with_champion: Project) -> Project:
    """A project with a champion, whose servers run in environments that outlast this test."""
    (with_champion.root / ".mlops/environments").symlink_to(ENVIRONMENTS, target_is_directory=True)
    return with_champion


def started(project: Project, port: int) -> subprocess.Popen[str]:
    """`make serve`, as it starts."""
    command = [sys.executable, "-m", "scripts.serve_model", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=project.root, env=environment, stdout=pipe, stderr=pipe, text=True)


def is_served(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_champion_is_served_until_ctrl_c(served: Project) -> None:
    port = free_port()
    with started(served, port) as process:
        try:
            said = "".join(iter(process.stdout.readline, "\n"))
            assert served.champion()["version"] in said
            assert f"ready at http://127.0.0.1:{port}, and it answers as the model does" in said
            answered = subprocess.run(
                ["sh", "-c", process.stdout.readline()], capture_output=True, text=True, check=True
            )
            assert re.search(r'"name":"predict_proba","shape":\[1,2\]', answered.stdout), answered.stdout
            served_model = requests.get(f"http://127.0.0.1:{port}/v2/models/flight-delays", timeout=60).json()
            columns = served.champion()["feature_settings"]["columns"]
            assert [column["name"] for column in served_model["inputs"]] == [*columns]
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


def test_a_server_ends_with_make_serve_even_if_that_is_killed(served: Project) -> None:
    port = free_port()
    with started(served, port) as process:
        "".join(iter(process.stdout.readline, "\n"))
        assert is_served(port)
        process.kill()
    wait_until(lambda: not is_served(port))


def test_a_change_of_the_champion_is_followed(served: Project, tmp_path: Path) -> None:
    champion = served.champion()
    first, registry = champion["version"], served.registry
    verdict = verdict_on("", first)
    verdict["models"]["candidate"]["model_sha256"] = champion["model_sha256"]
    kept = served.root / f".mlops/models/models/flight-delays/versions/{first}"
    for file in kept.rglob("*.*"):
        if file.name != "metadata.json":
            shutil.copy(file, tmp_path)
    metadata = {"code_sha": "c0de", "images": champion["images"]}
    metadata["feature_settings"] = champion["feature_settings"]
    second = registry.register(tmp_path, champion["record"], verdict, metadata)
    port = free_port()
    with started(served, port) as process:
        try:
            assert first in "".join(iter(process.stdout.readline, "\n"))
            registry.promote(second, first, verdict)
            said = "".join(iter(process.stdout.readline, "\n"))
            said += "".join(iter(process.stdout.readline, "\n"))
            assert f"the champion is now {second}, which is served in place of {first}" in said
            assert f"ready at http://127.0.0.1:{port}" in said
        finally:
            process.send_signal(signal.SIGINT)


def test_a_champion_that_cannot_be_served_is_reported_in_one_line(served: Project) -> None:
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
