"""A Python that imports the heavy libraries once, and forks itself into each task asked for on its stdin.

It runs as a file of its own and imports nothing of this project: its children shall find their image's code
only. Libraries are imported here, never used: a pool of threads that is there before a fork hangs after it.
"""

import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from typing import Any


def main() -> None:
    control = socket.socket(fileno=os.dup(0))
    for module in sys.argv[1:]:
        try:
            importlib.import_module(module)
        except Exception as error:  # a task that needs it will say so in its own log
            print(f"not warm: {module}: {error}", file=sys.stderr)
    gc.freeze()  # the children's collector leaves these pages shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the keepers of tasks are nobody's to wait for
    control.sendall(b"r")
    while True:
        signs, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not signs:
            return  # the run has ended
        if os.fork() == 0:
            control.close()
            keep_task(socket.socket(fileno=fds[0]))
            return
        os.close(fds[0])


def keep_task(asked: socket.socket) -> None:
    """Fork the task, wait for it, and answer with its exit status; only the task itself returns from here."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(asked.makefile().readline())
    if task := os.fork():
        status = os.waitpid(task, 0)[1]
        asked.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    asked.close()
    become(**request)


def become(module: str, arguments: list[str], folder: str, environment: dict[str, str], log: str) -> None:
    """Be what a fresh `python -m module` in `folder` is, to its end: main runs out and Python closes down."""
    for stream, file, mode in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_APPEND)):
        opened = os.open(file, mode)
        os.dup2(opened, stream)
        os.close(opened)
    os.dup2(1, 2)
    for text in (sys.stdout, sys.stderr):
        text.reconfigure(write_through=True)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    sys.argv = [module, *arguments]
    sys.excepthook = functools.partial(_show_error, folder)
    numpy: Any = sys.modules.get("numpy")
    if numpy:
        numpy.random.seed()  # random reseeds itself after a fork, numpy's global generator does not
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _show_error(folder: str, kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """A traceback that begins in the task's own code."""
    while trace and not trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main()
