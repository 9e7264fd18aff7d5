"""The server that a script starts lives as long as the script."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from engine.command_line import WorldError
from engine.kubeflow.endpoint import connect
from engine.kubeflow.local_server import local_kfp
from engine.tests.demo_files import DEMO_SETTINGS

ROOT = Path(__file__).parents[3]
POPEN = subprocess.Popen
PATIENCE_SECONDS = 20


def responds(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/apis/v2beta1/healthz", timeout=5).close()
    except URLError:
        return False
    return True


def test_the_server_ends_with_the_block(tmp_path: Path) -> None:
    with local_kfp(tmp_path / "state", tmp_path / "images") as url:
        assert responds(url)
    assert not responds(url)


def test_a_server_that_cannot_start_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kfp.db").write_text("this file is not a database, although it is longer than an empty one")
    with (
        pytest.raises(WorldError, match="the local KFP server did not start"),
        local_kfp(tmp_path, tmp_path / "images"),
    ):
        raise AssertionError("unreachable")
    assert "file is not a database" in capfd.readouterr().err


def test_the_server_has_the_time_zone_of_the_schedules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def open_recorded(command: list[str], **options: Any) -> "subprocess.Popen[str]":
        commands.append(command)
        return POPEN(command, **options)

    monkeypatch.delenv("KUBEFLOW_HOST", raising=False)
    monkeypatch.setattr(subprocess, "Popen", open_recorded)
    settings = DEMO_SETTINGS.read_text().replace("time_zone: UTC", "time_zone: Africa/Nairobi")
    (tmp_path / "mlops.yaml").write_text(settings)
    with connect(tmp_path) as client:
        assert responds(client.host)
    [command] = [command for command in commands if "--time-zone" in command]
    assert command[command.index("--time-zone") + 1] == "Africa/Nairobi"


def test_the_server_ends_when_its_script_is_killed(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from typing import Any
from engine.kubeflow.endpoint import connect
from engine.kubeflow.local_server import local_kfp
from engine.tests.demo_files import DEMO_SETTINGS
with local_kfp(Path({str(tmp_path / "state")!r}), Path({str(tmp_path / "images")!r})) as url:
    print(url, flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        assert responds(url)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while responds(url):
        assert time.monotonic() < deadline, "the server outlives its script"
        time.sleep(0.05)
