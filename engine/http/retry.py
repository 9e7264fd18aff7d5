"""When a request that failed is sent again, and after how long: the one policy for HTTP."""

import random
import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import TypeVar

WAITS = (0.5, 1, 2, 4, 8)
"""Seconds before each further attempt, of which up to half is left out at random."""
LONGEST_WAIT = 60
"""Seconds; a server that asks for more is not waited for."""
NEVER_HANDLED = {429, 503}
"""Statuses of a request that was refused before it had any effect."""
MAY_PASS = {*NEVER_HANDLED, 500, 502, 504}

Answer = TypeVar("Answer")


class Failed(Exception):  # noqa: N818 - of one attempt, not of the request
    """An attempt failed by a temporary error. `error` is raised if no attempt is left.

    `wait`: the seconds that the server asks to wait, if it does.
    """

    def __init__(self, error: Exception, wait: float | None = None):
        super().__init__(str(error))
        self.error, self.wait = error, wait


def retried(
    attempt: Callable[[], Answer],
    waits: Sequence[float] = WAITS,
    sleep: Callable[[float], None] | None = None,
) -> Answer:
    """What `attempt` returns, once it no longer raises Failed. A test may bring its own `sleep`."""
    for wait in (*waits, None):
        try:
            return attempt()
        except Failed as failed:
            error, wished = failed.error, failed.wait
        if wait is None or (wished or 0) > LONGEST_WAIT:
            raise error
        (sleep or time.sleep)(wait * random.uniform(0.5, 1) if wished is None else wished)
    raise AssertionError("the last attempt returns or raises")


def may_pass(status: int, repeatable: bool) -> bool:
    """Whether to send a request again that was answered so; one that creates something is not repeatable."""
    return status in (MAY_PASS if repeatable else NEVER_HANDLED)


def wished_wait(retry_after: str | None) -> float | None:
    """The seconds that the header Retry-After names, or that are left to the moment which it names."""
    wish = (retry_after or "").strip()
    if wish.isdigit():
        return int(wish)
    try:
        return max(0.0, parsedate_to_datetime(wish).timestamp() - time.time())
    except ValueError:
        return None
