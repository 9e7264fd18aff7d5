"""Starts a process for each run, ends it with all its children, and stores its states."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from local_kfp.run_settings import RunSettings
from local_kfp.server.background import Background
from local_kfp.server.clock import Clock, format_time
from local_kfp.server.resources import RunStatus
from local_kfp.server.store import Store
from local_kfp.server.task_details import FINAL_STATES, Outcome, outcome

ROOT = Path(__file__).parents[2]  # where `python -m local_kfp` finds the package
RUN_PROCESS = (sys.executable, "-m", "local_kfp.runner.run_process", "--with-parent")
PATIENCE_SECONDS = 8.0
"""More than a run's process takes to end itself and all that it started."""
SERVER_DIED = "the local KFP server died while this run was running"
SERVER_STOPPED = "the local KFP server was stopped while this run was running"
TERMINATED = "the run was terminated"


class Supervisor:
    """The processes of the runs whose folders are `folder/<run id>`."""

    def __init__(self, store: Store, clock: Clock, folder: Path, command: Sequence[str] = RUN_PROCESS):
        self.store, self.clock, self.folder, self.command = store, clock, folder, command
        self.background = Background(clock)
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    async def start(self, run_id: str) -> None:
        try:
            self._processes[run_id] = await self._open_process(self.folder / run_id)
        except Exception as error:  # a run without a process must end, whatever the reason
            self._watch(run_id, self._fail(run_id, f"the run's process cannot start: {error}"))
        else:
            self._watch(run_id, self._attend(run_id))

    def _watch(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        self._watchers[run_id] = asyncio.create_task(work)
        self._watchers[run_id].add_done_callback(lambda _: self._watchers.pop(run_id))

    async def _open_process(self, folder: Path) -> asyncio.subprocess.Process:
        with (folder / "alive").open("w") as alive, (folder / "process.log").open("ab") as log:
            # The process holds the lock while it lives, so that a later server knows that this process number
            # does not belong to another process.
            fcntl.flock(alive, fcntl.LOCK_EX)
            return await asyncio.create_subprocess_exec(
                *self.command,
                folder,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,  # it ends with this server, and with it the run
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[alive.fileno()],
            )

    async def _attend(self, run_id: str) -> None:
        """Store that a run's process has begun and, once it has ended, the run's final state."""
        process = self._processes[run_id]
        await self.background.finish(f"run {run_id}", lambda: self._begin(run_id, process.pid))
        status = await process.wait()
        if status < 0:  # the keeper was killed before it could end what the run started
            _kill_session(process.pid)
        del self._processes[run_id]
        folder = self.folder / run_id
        await self.background.finish(f"run {run_id}", lambda: self._finish(run_id, _outcome(folder, status)))

    async def _fail(self, run_id: str, reason: str) -> None:
        """Store the final state of a run whose process did not start, or ended with an earlier server."""

        def finish() -> None:
            ended = _recorded(self.folder / run_id)
            if ended is None or ended["error"] == TERMINATED:  # by the end of its server
                ended = {"run": "FAILED", "error": reason}
            self._finish(run_id, ended)

        await self.background.finish(f"run {run_id}", finish)

    def _begin(self, run_id: str, group: int) -> None:
        with self.store:
            self.store.update("runs", run_id, local_process_group=group)
            if self._state(run_id) == "PENDING":
                self.enter(run_id, "RUNNING")
        if self._state(run_id) == "CANCELING":  # terminated while it was being started
            self._endings[run_id] = asyncio.create_task(self.end(run_id))

    def _state(self, run_id: str) -> str | None:
        """The stored state of a run, None if it was deleted."""
        rows = self.store.query("SELECT state FROM runs WHERE run_id = ?", run_id)
        return str(rows[0]["state"]) if rows else None

    def _finish(self, run_id: str, ended: Outcome) -> None:
        """Store the final state, which is FAILED if the run was terminated."""
        state = self._state(run_id)
        if state is None or state in FINAL_STATES:
            return
        if state == "CANCELING":
            ended = {"run": "FAILED", "error": TERMINATED}
        elif self._stopping and ended["run"] == "FAILED":
            ended["error"] = SERVER_STOPPED
        with self.store:
            self.store.update("runs", run_id, finished_at=self.clock.now(), local_process_group=None)
            self.enter(run_id, ended["run"], ended["error"])

    def enter(self, run_id: str, state: str, error: str | None = None) -> None:
        status: RunStatus = {"update_time": format_time(self.clock.now()), "state": state}
        if error:
            status["error"] = {"code": 2, "message": error}
        history = self.store.get("runs", run_id)["state_history"] or []
        self.store.update("runs", run_id, state=state, state_history=[*history, status])

    async def terminate(self, run_id: str) -> None:
        """Ask a run's process to end, with all that it started."""
        self.enter(run_id, "CANCELING")
        self._endings[run_id] = asyncio.create_task(self.end(run_id))

    async def end(self, run_id: str) -> None:
        """Wait until a run's process has ended, and kill one that does not end itself."""
        if watcher := self._watchers.get(run_id):
            for number, seconds in ((signal.SIGTERM, PATIENCE_SECONDS), (signal.SIGKILL, 1)):
                if process := self._processes.get(run_id):
                    process.send_signal(number)
                await asyncio.wait([watcher], timeout=seconds)
                if watcher.done():
                    break
        self._endings.pop(run_id, None)

    async def stop(self) -> None:
        """End every run, with the server's stop as its error."""
        self._stopping = True
        await asyncio.gather(*map(self.end, self._watchers))

    async def recover(self) -> None:
        """Fail the runs that a killed server left running."""
        states = ", ".join(f"'{state}'" for state in FINAL_STATES)
        for run in self.store.query(f"SELECT * FROM runs WHERE state NOT IN ({states})"):
            self._watch(run["run_id"], self._recover(run["run_id"], run["local_process_group"]))
        if self._watchers:  # the first response has them as ended, unless the store fails
            await asyncio.wait(self._watchers.values(), timeout=2 * PATIENCE_SECONDS)

    async def _recover(self, run_id: str, group: int | None) -> None:
        """Fail a run once its process, which ends with its server, has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while group and _is_alive(self.folder / run_id):
            if time.monotonic() > deadline:
                _signal_group(group, signal.SIGKILL)
            await asyncio.sleep(0.05)
        await self._fail(run_id, SERVER_DIED)


def _outcome(folder: Path, status: int) -> Outcome:
    """How a run's process ended: as it recorded, or by its exit status if the record is gone."""
    if recorded := _recorded(folder):
        return recorded
    if status == 0 and not (folder / "events.jsonl").is_file():
        return {"run": "SUCCEEDED", "error": None}
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = (folder / "process.log").read_text(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
    ending = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
    return {"run": "FAILED", "error": f"the run's process ended without an outcome ({ending}): {last}"}


def _recorded(folder: Path) -> Outcome | None:
    """What a run's process recorded; None if it did not, or its folder cannot be read."""
    with contextlib.suppress(OSError):
        return outcome(folder)
    return None


def _is_alive(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with (folder / "alive").open("w") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _kill_session(leader: int) -> None:
    """Kill the processes of a session; there are none to find on a system without /proc."""
    for process in (int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process) == leader:
                os.kill(process, signal.SIGKILL)


@contextlib.contextmanager
def filled_folder(folder: Path, pipeline_yaml: str, settings: RunSettings) -> Iterator[None]:
    """Make the folder that a run's process reads; an error, of the block too, removes it."""
    folder.mkdir(parents=True)
    try:
        (folder / "pipeline.yaml").write_text(pipeline_yaml)
        (folder / "run.json").write_text(json.dumps(settings, indent=1))
        yield
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise
