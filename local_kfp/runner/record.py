"""Writes the record of a run: one JSON line for each change of a task."""

import contextlib
import errno
import json
import os
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class Task:
    """One task; every line of the record describes a task completely."""

    name: str
    display_name: str
    parent_task_id: str | None
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "PENDING"
    start_time: str | None = None
    end_time: str | None = None
    error: str | None = None
    exit_code: int | None = None
    log: str | None = None
    outputs: dict[str, dict[str, Any]] = field(default_factory=lambda: {"parameters": {}, "artifacts": {}})


RETRY_SECONDS, LAST_TRY_SECONDS = 0.5, 60.0


class Record:
    """Appends to `<run>/events.jsonl`. What a full disk refuses is written with the next line."""

    def __init__(self, run: Path):
        self._file = os.open(run / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lock = threading.RLock()  # a signal may arrive while this same thread holds it
        self._running: dict[str, Task] = {}
        self._unwritten = b""
        self._closed = False

    def enter(self, task: Task, state: str, **changes: Any) -> None:
        """Move `task` to `state` and set its times."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._lock:
            task.state = state
            for name, value in changes.items():
                setattr(task, name, value)
            if state == "RUNNING":
                task.start_time = task.start_time or now
            if state in ("PENDING", "RUNNING"):
                self._running[task.task_id] = task
            else:
                task.end_time = now
                self._running.pop(task.task_id, None)
            self._write(asdict(task))

    def cancel(self, reason: str) -> None:
        """Cancel every task that has not ended, children first."""
        with self._lock:
            for task in reversed(list(self._running.values())):
                self.enter(task, "CANCELED", error=reason)

    def finish(self, state: str, error: str | None = None) -> None:
        """Write the last line of the record; later lines of other threads are discarded.

        OSError if the disk takes nothing for a minute.
        """
        with self._lock:
            self._write({"run": state, "error": error})
            self._closed = True
            last_try = time.monotonic() + LAST_TRY_SECONDS
            while self._unwritten and time.monotonic() < last_try:
                time.sleep(RETRY_SECONDS)
                self._write_rest()
            if self._unwritten:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.jsonl")

    def _write(self, line: dict[str, Any]) -> None:
        if not self._closed:
            self._unwritten += (json.dumps(line) + "\n").encode()
            self._write_rest()

    def _write_rest(self) -> None:
        with contextlib.suppress(OSError):  # finish() raises it if it lasts
            written = os.write(self._file, self._unwritten)
            self._unwritten = self._unwritten[written:]
