"""Tests of scripts/run_pipeline.py: a run is started, followed and shown, and never left behind."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.command_line import WorldError
from engine.kubeflow import runs
from engine.kubeflow.endpoint import open_client
from engine.kubeflow.uploads import upload
from engine.tests.standins.odd_endpoint import Answer, error, odd_endpoint

DAY = {"day": "2024-01-01"}


def test_a_run_is_followed_to_its_end(client, version):
    seen = []
    with runs.started(client, version, "a run", DAY) as run_id:
        finished = runs.follow(client, run_id, lambda tasks, _: seen.append({t.name: t.state for t in tasks}))
    assert (finished.id, finished.name, finished.state) == (run_id, "a run", "SUCCEEDED")
    assert seen[-1] == {"wait": "SUCCEEDED", "wait (again)": "SUCCEEDED"}
    assert client.get_run(run_id).runtime_config.parameters == DAY


def test_start_runs_as_the_service_account_of_the_client(client, version, monkeypatch):
    monkeypatch.setattr(client, "service_account", "trainer")
    run_id = runs.start(client, version, "a run", DAY)
    assert client.get_run(run_id).service_account == "trainer"
    runs.terminate(client, run_id)


def test_a_failed_run_shows_what_its_task_printed(client, version):
    with runs.started(client, version, "a run", DAY | {"mode": "fail"}) as run_id:
        finished = runs.follow(client, run_id)
    assert finished.state == "FAILED"
    [(task, log)] = list(runs.failed_logs(client, finished))
    assert task.name == "wait (again)"
    assert log == "asked to fail 0\nI was asked to fail\n"


def test_a_task_that_never_started_shows_why(client, new_pipeline):
    path = new_pipeline("unstaged")
    path.write_text(re.sub(r"wait-[0-9a-f]{16}", "wait-0000000000000000", path.read_text()))
    with runs.started(client, upload(client, path), "a run", DAY) as run_id:
        finished = runs.follow(client, run_id)
    [(task, why)] = list(runs.failed_logs(client, finished))
    assert (task.name, task.state) == ("wait", "FAILED")
    assert "wait-0000000000000000: expected it staged" in why


def test_a_run_ends_with_what_follows_it(client, version, capsys):
    with (
        pytest.raises(ZeroDivisionError),
        runs.started(client, version, "a", DAY | {"seconds": 60}) as run_id,
    ):
        _ = 1 / 0
    assert client.get_run(run_id).state == "FAILED"
    assert capsys.readouterr().err == f"run {run_id}: ended, FAILED\n"


def test_a_run_that_someone_else_ends_is_noticed(client, version):
    with runs.started(client, version, "a run", DAY | {"seconds": 60}) as run_id:
        client.terminate_run(run_id)
        assert runs.follow(client, run_id).state == "FAILED"


def test_an_endpoint_that_is_away_for_a_while_does_not_end_the_following(client):
    with odd_endpoint() as odd:
        quick = open_client(odd.url, waits=[0.01])
        odd.answers = [*[error(503, "away")] * 5, Answer(body=b'{"run_id": "1", "state": "SUCCEEDED"}')]
        assert runs.follow(quick, "1").state == "SUCCEEDED"
        odd.answers = [error(404, "no such run")]
        with pytest.raises(WorldError, match="404 Not Found: no such run"):
            runs.follow(quick, "1")


def test_an_endpoint_that_stays_away_is_given_up(monkeypatch, capsys):
    monkeypatch.setattr(runs, "PATIENCE", 0.2)
    with odd_endpoint() as odd:
        quick = open_client(odd.url, waits=[0.01])
        odd.answers = [error(503, "away")]
        with pytest.raises(WorldError, match="503 Service Unavailable: away"):
            runs.follow(quick, "1")
        assert runs.terminate(quick, "1").startswith("asked to end, and its end is not confirmed: GET http")


def command(endpoint: str, *arguments: str) -> subprocess.Popen:
    line = [sys.executable, "-m", "scripts.run_pipeline", *arguments]
    environment = os.environ | {"KUBEFLOW_HOST": endpoint, "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(
        line,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


def hear_interrupts() -> None:
    """As at a terminal: what a shell starts in the background inherits that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_command_prints_a_line_for_each_change(endpoint, version):
    process = command(endpoint, "waiting", "--parameter", "day=2024-01-01", "--parameter", "mode=work")
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert re.fullmatch(
        r"run [0-9a-f-]{36} of waiting on http://127.*\n"
        r"(▸ running   wait\n)?✓ succeeded wait +\d+\.\d s\n"
        r"(▸ running   wait \(again\)\n)?✓ succeeded wait \(again\) +\d+\.\d s\n",
        output,
    )


def test_the_command_uploads_a_file_and_fails_as_its_run_does(endpoint, new_pipeline):
    path = new_pipeline("brought")
    process = command(endpoint, str(path), "--parameter", "day=2024-01-01", "--parameter", "mode=fail")
    output, errors = process.communicate()
    assert process.returncode == 1
    assert output.endswith("wait (again) printed:\n  asked to fail 0\n  I was asked to fail\n")
    assert errors.startswith("error: run ")
    assert errors.endswith(": expected it to succeed, found FAILED: wait (again)\n")


@pytest.mark.parametrize(("end", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_command_ends_its_run_when_it_is_ended(endpoint, client, version, end, status):
    process = command(endpoint, "waiting", "--parameter", "day=1", "--parameter", "seconds=60")
    run_id = process.stdout.readline().split()[1]
    process.send_signal(end)
    _, errors = process.communicate()
    assert process.returncode == status
    assert f"run {run_id}: ended, FAILED" in errors
    assert client.get_run(run_id).state == "FAILED"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["waiting"], 2, "parameter day: expected a value, found none; give --parameter day=..."),
        (["waiting", "--parameter", "dya=1"], 2, "parameter dya: expected one of the pipeline"),
        (["nothing"], 3, ": expected a pipeline nothing, found none: deploy_pipelines brings it"),
        (["no/such.yaml"], 2, "no/such.yaml: expected a compiled pipeline, found no such file"),
    ],
)  # fmt: skip
def test_the_command_says_what_it_lacks(endpoint, version, arguments, status, message):
    process = command(endpoint, *arguments)
    _, errors = process.communicate()
    assert process.returncode == status
    assert message in errors
    assert errors.count("\n") == 1


def test_on_a_terminal_lines_are_drawn_in_place(endpoint, version):
    main, side = pty.openpty()
    line = [sys.executable, "-m", "scripts.run_pipeline", "waiting", "--parameter", "day=1"]
    environment = os.environ | {"KUBEFLOW_HOST": endpoint}
    process = subprocess.Popen([*line, "--parameter", "seconds=0.5"], env=environment, stdout=side)
    os.close(side)
    output = b""
    while chunk := _read(main):
        output += chunk
    os.close(main)
    assert process.wait() == 0
    text = output.decode()
    assert "\x1b[1A\x1b[J" in text
    assert text.count("✓ wait (again)") == 1
    assert text.count("▸ wait (again)") > 1


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how a terminal says that its other side is closed
        return b""
