"""Starts a process for each run, ends it with all its children, and stores its states."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local_kfp.run_settings import RunSettings
from local_kfp.server.clock import Clock, format_time
from local_kfp.server.store import Store
from local_kfp.server.task_details import FINAL_STATES, outcome

ROOT = Path(__file__).parents[2]  # where `python -m local_kfp` finds the package
RUN_PROCESS = (sys.executable, "-m", "local_kfp.runner.run_process")
GRACE_SECONDS = 5
SERVER_DIED = "the local KFP server died while this run was running"
SERVER_STOPPED = "the local KFP server was stopped while this run was running"
TERMINATED = "the run was terminated"


class Supervisor:
    """The processes of the runs whose folders are `folder/<run id>`."""

    def __init__(self, store: Store, clock: Clock, folder: Path, command: Sequence[str] = RUN_PROCESS):
        self.store, self.clock, self.folder, self.command = store, clock, folder, command
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    async def start(self, run_id: str) -> None:
        try:
            process = await self._open_process(self.folder / run_id)
        except OSError as error:
            self._finish(run_id, f"the run's process cannot start: {error}")
            return
        self.store.update("runs", run_id, local_process_group=process.pid)
        self._watchers[run_id] = asyncio.create_task(self._watch(run_id, process))
        if self.store.get("runs", run_id)["state"] == "CANCELING":  # terminated while it was being started
            await self.terminate(run_id)
        else:
            self.enter(run_id, "RUNNING")

    async def _open_process(self, folder: Path) -> asyncio.subprocess.Process:
        with (folder / "alive").open("w") as alive, (folder / "process.log").open("ab") as log:
            # The process holds the lock while it lives, so that a later server knows that this process number
            # does not belong to another process.
            fcntl.flock(alive, fcntl.LOCK_EX)
            return await asyncio.create_subprocess_exec(
                *self.command,
                folder,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[alive.fileno()],
            )

    async def _watch(self, run_id: str, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        _signal_group(
            process.pid, signal.SIGKILL
        )  # processes that a task left running end with the run, as in a pod
        del self._watchers[run_id]
        ending = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
        self._finish(run_id, self._last_line(run_id, ending))

    def _last_line(self, run_id: str, ending: str) -> str:
        lines = (self.folder / run_id / "process.log").read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
        return f"the run's process ended without an outcome ({ending}): {last}"

    def _finish(self, run_id: str, reason: str) -> None:
        """Enter the final state: the recorded one, or FAILED if there is none or the run was terminated."""
        terminated = self.store.get("runs", run_id)["state"] == "CANCELING"
        ended = outcome(self.folder / run_id) or {"run": "FAILED", "error": reason}
        if terminated:
            ended = {"run": "FAILED", "error": TERMINATED}
        elif self._stopping and ended["run"] == "FAILED":
            ended["error"] = SERVER_STOPPED
        self.store.update("runs", run_id, finished_at=self.clock.now(), local_process_group=None)
        self.enter(run_id, ended["run"], ended["error"])

    def enter(self, run_id: str, state: str, error: str | None = None) -> None:
        status: dict[str, Any] = {"update_time": format_time(self.clock.now()), "state": state}
        if error:
            status["error"] = {"code": 2, "message": error}
        history = self.store.get("runs", run_id)["state_history"] or []
        self.store.update("runs", run_id, state=state, state_history=[*history, status])

    async def terminate(self, run_id: str) -> None:
        """Ask a run's processes to end; after a grace period kill those that have not ended."""
        self.enter(run_id, "CANCELING")
        self._endings[run_id] = asyncio.create_task(self.end(run_id))

    async def end(self, run_id: str) -> None:
        """Wait until a run's processes have ended, and kill them after a grace period."""
        if watcher := self._watchers.get(run_id):
            group = self.store.get("runs", run_id)["local_process_group"]
            for number in (signal.SIGTERM, signal.SIGKILL):
                _signal_group(group, number)
                await asyncio.wait([watcher], timeout=GRACE_SECONDS)
                if watcher.done():
                    break
        self._endings.pop(run_id, None)

    async def stop(self) -> None:
        """End every run, with the server's stop as its error."""
        self._stopping = True
        await asyncio.gather(*map(self.end, self._watchers))

    def recover(self) -> None:
        """Fail the runs that a killed server left running."""
        states = ", ".join(f"'{state}'" for state in FINAL_STATES)
        for run in self.store.query(f"SELECT * FROM runs WHERE state NOT IN ({states})"):
            if run["local_process_group"] and _is_alive(self.folder / run["run_id"]):
                _signal_group(run["local_process_group"], signal.SIGKILL)
            self._finish(run["run_id"], SERVER_DIED)


def _is_alive(folder: Path) -> bool:
    with (folder / "alive").open("w") as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def prepare_folder(folder: Path, pipeline_yaml: str, settings: RunSettings) -> None:
    """Write the files that a run's process reads, all of them or none."""
    folder.mkdir(parents=True)
    try:
        (folder / "pipeline.yaml").write_text(pipeline_yaml)
        (folder / "run.json").write_text(json.dumps(settings, indent=1))
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
