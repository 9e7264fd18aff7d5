"""Ends what the process of a run leaves behind: daemons, children that ignore SIGTERM, and itself."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

GRACE_SECONDS = 5.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def keep(with_parent: bool = False, grace_seconds: float = GRACE_SECONDS) -> None:
    """Return in a child process, the leader of a process group; this process keeps it and never returns.

    The keeper passes SIGTERM on, and kills a child that has not ended after `grace_seconds`. With the child
    end all processes that it started; then the keeper exits with its exit status, 128 and more for a signal.
    `with_parent` ends the child as SIGTERM does when standard input ends, that is, with the parent.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # the parent of orphans, also of those that left the process group
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _read_nothing()
    else:
        _end_at_signals(child, grace_seconds)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if child:
        if with_parent:
            threading.Thread(target=end_with_parent, daemon=True).start()
        status = os.waitstatus_to_exitcode(_status_of(child))
        _kill_the_rest(child)
        os._exit(status if status >= 0 else 128 - status)


def end_with_parent() -> None:
    """Send this process SIGTERM when standard input ends, or cannot be read."""
    try:
        while os.read(0, 4096):
            pass
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def _end_at_signals(child: int, grace_seconds: float) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        os.kill(child, signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, grace_seconds)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))


def _status_of(child: int) -> int:
    """The wait status of the child; orphans that end before it are reaped."""
    while True:
        process, status = os.wait()
        if process == child:
            return status


def _kill_the_rest(group: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    # The children of a process that ends become children of this one, and are killed in the next round.
    with contextlib.suppress(ChildProcessError):
        while True:
            for process in _children():
                os.kill(process, signal.SIGKILL)
            os.wait()


def _children() -> list[int]:
    """The processes whose parent is this one; empty on a system without /proc."""
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                children.append(int(folder.name))
    return children


def _read_nothing() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _prctl(option: int, value: int) -> None:
    """Set an attribute of this process; only Linux has them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
