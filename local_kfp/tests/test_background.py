"""Work beside the requests goes on after a fault of the disk, the database or one recurring run."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import kfp
import pytest

from local_kfp.server.background import Background
from local_kfp.server.clock import Clock
from local_kfp.server.store import Store
from local_kfp.tests.in_process import InProcessServer, connect, wait_until

Start = Callable[..., Any]
Finish = Callable[[Any], Any]
REFUSAL = "disk is full"


@pytest.fixture
def schedule(client: kfp.Client, version: dict[str, str]) -> Callable[..., Any]:
    """Create a recurring run that is due every second."""

    def schedule(name: str, **arguments: Any) -> Any:
        when = {"interval_second": 1, "no_catchup": True, "max_concurrency": 10}
        return client.create_recurring_run(None, name, **when | version | arguments)

    return schedule


@contextmanager
def database(server: InProcessServer) -> Iterator[sqlite3.Connection]:
    """The server's database as another process sees it."""
    connection = sqlite3.connect(server.state / "kfp.db", isolation_level=None)
    yield connection
    connection.close()


@contextmanager
def locked(server: InProcessServer) -> Iterator[None]:
    with database(server) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def refusing_writes(server: InProcessServer) -> Iterator[None]:
    """Every change of a run fails, as on a full disk."""
    with database(server) as other:
        for change in ("INSERT", "UPDATE"):
            refuse = f"BEFORE {change} ON runs BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            other.execute(f"CREATE TRIGGER refuse_{change} {refuse}")
        yield
        for change in ("INSERT", "UPDATE"):
            other.execute(f"DROP TRIGGER refuse_{change}")


@contextmanager
def without_folder_of_runs(server: InProcessServer) -> Iterator[None]:
    runs, elsewhere = server.state / "runs", server.state / "elsewhere"
    runs.mkdir(exist_ok=True)
    runs.rename(elsewhere)
    runs.write_text("a file where the folder should be")
    yield
    runs.unlink()
    elsewhere.rename(runs)


FAULTS = {"locked": locked, REFUSAL: refusing_writes, "directory": without_folder_of_runs}


def health(server: InProcessServer) -> httpx.Response:
    return httpx.get(f"{server.url}/apis/v2beta1/healthz")


def count_runs(client: kfp.Client) -> int:
    return client.list_runs(page_size=1).total_size or 0


@pytest.mark.parametrize("reason", FAULTS)
def test_scheduler_goes_on_after_a_fault(
    server: InProcessServer, client: kfp.Client, schedule: Callable[..., Any], reason: str
) -> None:
    schedule("nightly")
    wait_until(lambda: count_runs(client))
    with FAULTS[reason](server):
        failing = wait_until(lambda: "recurring run nightly" in (answer := health(server)).text and answer)
        assert (failing.status_code, failing.json()["code"]) == (503, 14)
        assert reason in failing.json()["message"].lower()
        assert reason in httpx.get(server.url).text.lower()
    before = count_runs(client)
    wait_until(lambda: count_runs(client) > before and health(server).status_code == 200)


def kill(server: InProcessServer, run: Any) -> None:
    """End the process of a run, as its end or a kernel without memory does."""
    file = server.state / "runs" / run.run_id / "pids"
    process, *_ = wait_until(lambda: file.exists() and file.read_text()).split()
    os.kill(int(process), signal.SIGKILL)


@pytest.mark.parametrize("reason", ["locked", REFUSAL])
def test_state_that_cannot_be_written_is_written_later(
    server: InProcessServer, client: kfp.Client, start: Start, finish: Finish, reason: str
) -> None:
    ended = start(behave="hang")
    wait_until(lambda: client.get_run(ended.run_id).state == "RUNNING")
    with FAULTS[reason](server):
        kill(server, ended)
        failing = wait_until(lambda: (answer := health(server)).status_code == 503 and answer)
        assert reason in failing.json()["message"]
    assert finish(ended).state_history[-1].error.message.startswith("the run's process ended without")


def test_run_that_cannot_be_stored_leaves_no_folder(
    server: InProcessServer, client: kfp.Client, start: Start, finish: Finish
) -> None:
    with refusing_writes(server), pytest.raises(Exception, match=REFUSAL):
        start()
    assert not [*(server.state / "runs").iterdir()]
    assert finish(start()).state == "SUCCEEDED"


def test_recurring_run_that_cannot_start_does_not_stop_the_others(
    server: InProcessServer,
    client: kfp.Client,
    schedule: Callable[..., Any],
    version: dict[str, str],
    package: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    gone = client.upload_pipeline(package, "gone")
    [only] = client.list_pipeline_versions(gone.pipeline_id).pipeline_versions
    schedule("broken", pipeline_id=gone.pipeline_id, version_id=only.pipeline_version_id, enabled=False)
    with database(server) as other:  # as an older server stored it
        other.execute("UPDATE recurring_runs SET display_name = ?", ("broken\n::add-mask::x",))
    client.delete_pipeline_version(gone.pipeline_id, only.pipeline_version_id)
    [broken] = client.list_recurring_runs().recurring_runs
    client.enable_recurring_run(broken.recurring_run_id)
    schedule("sound")
    wait_until(lambda: count_runs(client) >= 2)
    [failure] = health(server).json()["failures"]
    assert f"({broken.recurring_run_id}) failed" in failure
    assert f"PipelineVersion {only.pipeline_version_id} not found" in failure
    assert f"({broken.recurring_run_id}) failed" in httpx.get(server.url).text
    client.delete_recurring_run(broken.recurring_run_id)
    wait_until(lambda: "failures" not in health(server).json())
    assert r"recurring run broken\n::add-mask::x (" in capfd.readouterr().err


@pytest.mark.parametrize("start_time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1-01-01T00:00:00Z"])
def test_stored_start_at_an_end_of_time_does_not_stop_the_others(
    server: InProcessServer, client: kfp.Client, schedule: Callable[..., Any], start_time: str
) -> None:
    broken = schedule("odd", interval_second=None, cron_expression="0 0 9 * * *", enabled=False)
    trigger = json.dumps({"cron_schedule": {"cron": "0 0 9 * * *", "start_time": start_time}})
    with database(server) as other:
        set_trigger = "UPDATE recurring_runs SET mode = 'ENABLE', \"trigger\" = ? WHERE recurring_run_id = ?"
        other.execute(set_trigger, (trigger, broken.recurring_run_id))
    schedule("sound")
    wait_until(lambda: count_runs(client))
    assert health(server).status_code == 200
    assert httpx.get(server.url).status_code == 200


def test_run_succeeds_without_its_record(
    server: InProcessServer, client: kfp.Client, start: Start, finish: Finish
) -> None:
    run = start(behave="wait")
    folder = server.state / "runs" / run.run_id
    wait_until((folder / "pids").exists)
    (folder / "events.jsonl").unlink()
    (folder / "events.jsonl").mkdir()
    (folder / "go").touch()
    assert finish(run).state == "SUCCEEDED"
    assert health(server).status_code == 200


def test_run_succeeds_without_its_folder(
    server: InProcessServer, client: kfp.Client, start: Start, finish: Finish
) -> None:
    run = start(behave="wait")
    folder = server.state / "runs" / run.run_id
    wait_until((folder / "pids").exists)
    folder.rename(server.state / "elsewhere")
    (server.state / "elsewhere" / "go").touch()
    assert finish(run).state == "SUCCEEDED"


def test_restarted_server_fails_a_run_whose_folder_is_gone(
    server: InProcessServer, client: kfp.Client, start: Start, tmp_path: Path
) -> None:
    runs = [start(behave="hang"), start(behave="hang")]
    for run in runs:
        wait_until(lambda run=run: client.get_run(run.run_id).state == "RUNNING")
    copy = tmp_path / "after a crash"
    copy.mkdir()
    with database(server) as other, sqlite3.connect(copy / "kfp.db") as target:
        other.backup(target)
    with InProcessServer(copy) as second:
        states = {run.run_id: run.state for run in connect(second.url).list_runs().runs}
    assert states == {run.run_id: "FAILED" for run in runs}


def test_record_line_that_was_cut_short_is_left_out(
    server: InProcessServer, client: kfp.Client, start: Start, finish: Finish
) -> None:
    run = finish(start())
    record = server.state / "runs" / run.run_id / "events.jsonl"
    first, *rest = record.read_text().splitlines(keepends=True)
    record.write_text(first + '{"task_id": "cut' + "".join(rest[:1]) + "[1]\n" + "".join(rest[1:]))
    assert client.get_run(run.run_id).run_details.task_details[0].display_name == "root"
    assert httpx.get(server.url).status_code == 200


def test_failure_pauses_longer_each_time() -> None:
    background = Background(Clock())
    pauses = []
    for _ in range(6):
        with background._attempt("work"):
            raise OSError("no")
        pauses.append(round(background._pause("work"), 1))
    assert pauses == [0.5, 1, 2, 4, 8, 8]
    assert background.failures[0].count == 6


def test_transaction_whose_commit_fails_is_rolled_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "kfp.db")
    with pytest.raises(sqlite3.IntegrityError), store:
        store.query("PRAGMA defer_foreign_keys = ON")  # the COMMIT fails, not the INSERT
        store.insert("pipeline_versions", pipeline_id="missing")
    with store:
        assert store.query("SELECT * FROM pipeline_versions") == []
    store.close()
