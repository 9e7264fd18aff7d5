"""Reads, decides and writes again for as long as other writers are faster."""

from collections.abc import Callable
from typing import TypeVar

from engine.command_line import WorldError
from engine.stores.storage import LostRace

ATTEMPTS = 20
Result = TypeVar("Result")


def swapped(attempt: Callable[[], Result], uri: str) -> Result:
    """What `attempt` returns: it reads what is at `uri`, and swaps it by the tag that it was read with.

    WorldError if it lost the race against other writers ATTEMPTS times.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except LostRace:
            continue
    raise WorldError(
        f"{uri}: expected to replace what was read, found other writers faster {ATTEMPTS} times; run it again"
    )
