"""What a command does when a signal ends it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SIGTERM_STATUS = 128 + signal.SIGTERM


@contextmanager
def sigterm_exits() -> Iterator[None]:
    """Within the block SIGTERM raises SystemExit, so that what has begun is ended or undone."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_STATUS))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
