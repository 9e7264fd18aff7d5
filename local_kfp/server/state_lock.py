"""The lock of a state folder: one server at a time has it, and writes into it which server that is."""

import fcntl
import time
from pathlib import Path
from typing import IO, NamedTuple

WAIT_SECONDS = 0.2
"""A holder writes its line long before that, and a waiting server asks that often."""


class Holder(NamedTuple):
    """The server that has the lock; a temporary one ends with the command that started it."""

    url: str
    temporary: bool

    @property
    def line(self) -> str:
        return f"{self.url} {'temporary' if self.temporary else 'permanent'}"

    @classmethod
    def read(cls, line: str) -> "Holder":
        url, _, kind = line.partition(" ")
        return cls(url, kind == "temporary")


class LockedError(Exception):
    """Another server has the folder."""

    def __init__(self, holder: Holder):
        super().__init__(holder.url)
        self.holder = holder


def lock(state: Path, holder: Holder) -> IO[str]:
    """The open file that keeps the lock; LockedError if another server has it."""
    state.mkdir(parents=True, exist_ok=True)
    file = (state / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            time.sleep(WAIT_SECONDS)
            file.seek(0)
            raise LockedError(Holder.read(file.read())) from None
    file.truncate(0)
    file.write(holder.line)
    file.flush()
    return file
