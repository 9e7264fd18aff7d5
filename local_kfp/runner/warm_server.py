"""A Python that imports slow libraries, and forks itself into the tasks that are requested on its stdin.

It runs as a separate file and imports nothing of this package, so that its children find only their image's
code. Libraries are imported here, never used: a thread pool that exists before a fork hangs after it.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from types import ModuleType
from typing import Any, NoReturn


def main() -> None:
    control = socket.socket(fileno=os.dup(0))
    modules = sys.argv[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no one waits for the processes that watch tasks
    while True:
        if modules and not select.select([control], [], [], 0)[0]:
            import_quietly(modules.pop(0))
            continue
        message, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return  # the run has ended
        if os.fork() == 0:
            control.close()
            watch_task(socket.socket(fileno=fds[0]))
        os.close(fds[0])


def import_quietly(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # a task that needs it reports it in its own log
        print(f"cannot import {module} in advance: {error}", file=sys.stderr)
    gc.freeze()  # the garbage collector of children leaves these pages shared


def watch_task(client: socket.socket) -> NoReturn:
    """Fork the task; send the client that it has begun and, at the end, its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(client.makefile().readline())
    task = os.fork()
    if task == 0:
        client.close()
        become(**request)
    client.sendall(b"begun\n")
    status = os.waitpid(task, 0)[1]
    client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def become(module: str, arguments: list[str], folder: str, environment: dict[str, str], log: str) -> NoReturn:
    """Turn this process into what a fresh `python -m module` in `folder` is."""
    for stream, file, mode in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_APPEND)):
        opened = os.open(file, mode)
        os.dup2(opened, stream)
        os.close(opened)
    os.dup2(1, 2)
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
    sys.modules["__main__"] = ModuleType("__main__")
    code: object = 0
    try:
        runpy._run_module_as_main(module)  # type: ignore[attr-defined] # private: `python -m` calls it
    except SystemExit as exit_:
        code = exit_.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    leave(code, folder)


def leave(code: object, folder: str) -> NoReturn:
    """End as Python does, without the teardown of libraries, which takes longer than many tasks."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined] # private: the interpreter calls it at its end
    atexit._run_exitfuncs()
    for module in list(sys.modules.values()):
        if (getattr(module, "__file__", None) or "").startswith(folder):
            vars(module).clear()  # closes the files that the task left open, and so writes them
    gc.collect()
    sys.stdout.flush()
    os._exit(code & 0xFF if isinstance(code, int) else bool(code))


def _show_error(folder: str, kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Print a traceback that begins in the task's own code."""
    while trace and not trace.tb_frame.f_code.co_filename.startswith(folder):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main()
