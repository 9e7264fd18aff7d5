"""Work beside the requests: what fails is logged, counted, shown by healthz and the page, and tried again."""

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from local_kfp.server.clock import Clock, format_time

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 8.0
WORLD_ERRORS = (OSError, sqlite3.Error)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Failure:
    """Work that fails at present."""

    work: str
    reason: str
    since: int
    """The first failure in a row, in seconds since 1970."""
    count: int
    retry_at: float
    """The next attempt, on the monotonic clock."""
    stops_the_server: bool
    """Other work fails with it: a loop of the server does nothing, or a disk or the database fails."""

    def __str__(self) -> str:
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"{self.work} failed {times} since {format_time(self.since)}: {self.reason}"


class Background:
    """Attempts at named work; pauses double with each failure in a row."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._failures: dict[str, Failure] = {}

    @property
    def failures(self) -> list[Failure]:
        return list(self._failures.values())

    async def repeat(self, work: str, once: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Await `once()` for ever, every so many seconds."""
        while True:
            with self._attempt(work, stops_the_server=True):
                await once()
            await asyncio.sleep(max(seconds, self._pause(work)))

    async def finish(self, work: str, action: Callable[[], None]) -> None:
        """Call `action` until it succeeds."""
        done = False
        while not done:
            with self._attempt(work):
                action()
                done = True
            await asyncio.sleep(self._pause(work))

    async def each(
        self, kind: str, items: Mapping[str, Item], action: Callable[[Item], Awaitable[None]]
    ) -> None:
        """Await `action` of each item, by name, except while one that failed pauses."""
        for work in self._failures.keys() - {f"{kind} {name}" for name in items}:
            if work.startswith(f"{kind} "):
                del self._failures[work]  # the item is gone
        for name, item in items.items():
            if self._pause(f"{kind} {name}") == 0:
                with self._attempt(f"{kind} {name}"):
                    await action(item)

    @contextlib.contextmanager
    def _attempt(self, work: str, stops_the_server: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._note(work, error, stops_the_server or isinstance(error, WORLD_ERRORS))
        else:
            if self._failures.pop(work, None):
                log(f"{work} works again")

    def _note(self, work: str, error: Exception, stops_the_server: bool) -> None:
        reason = str(error) if str(error) else type(error).__name__
        before = self._failures.get(work)
        since, count = (before.since, before.count + 1) if before else (self._clock.now(), 1)
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(count - 1, 10))
        failure = Failure(work, reason, since, count, time.monotonic() + pause, stops_the_server)
        self._failures[work] = failure
        if before is None or before.reason != reason:
            log(str(failure))

    def _pause(self, work: str) -> float:
        failure = self._failures.get(work)
        return max(0.0, failure.retry_at - time.monotonic()) if failure else 0.0


def log(text: str) -> None:
    """Print one line, whatever control characters a name in it has."""
    with contextlib.suppress(OSError):  # a log on the disk that is full; healthz and the page have the reason
        print(printable(text), file=sys.stderr, flush=True)


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
