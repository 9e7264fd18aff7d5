"""Serve the local KFP server: the Kubeflow Pipelines API on loopback, for a person or a script."""

import argparse
import fcntl
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import IO

from local_kfp import command_line
from local_kfp.command_line import WorldError

_ROOT = Path(__file__).parents[1]


def parse_arguments() -> argparse.Namespace:
    parser = command_line.parser(__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument(
        "--state", type=Path, default=_ROOT / ".mlops/kfp", help="folder of what it remembers"
    )
    parser.add_argument(
        "--images", type=Path, default=_ROOT / ".mlops/images", help="folder of the staged images"
    )
    parser.add_argument(
        "--keep-runs",
        type=int,
        default=100,
        metavar="N",
        help="of the runs that have ended, the rest is deleted at the start (default: %(default)s)",
    )
    parser.add_argument(
        "--runner", choices=("subprocess", "docker"), default="subprocess", help="what a task runs in"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input does: when the parent has ended"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    listener = open_port(arguments.port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with listener, lock_state(arguments.state, url):
        serve(arguments, listener, url)
    return 0


def open_port(port: int) -> socket.socket:
    # asyncio sends without delay (40 ms an answer) only on a socket that names its protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise WorldError(
            f"cannot listen on port {port}: {error.strerror}; choose another with --port"
        ) from None
    listener.listen()
    return listener


def lock_state(state: Path, url: str) -> IO[str]:
    """Make the state folder this server's alone, and say in it where the server is."""
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        other = lock.read()
        lock.close()
        raise WorldError(
            f"{state} is served at {other} already: set KUBEFLOW_HOST={other} to use that server, "
            "or choose another folder with --state"
        ) from None
    lock.truncate(0)
    lock.write(url)
    lock.flush()
    return lock


def serve(arguments: argparse.Namespace, listener: socket.socket, url: str) -> None:
    import uvicorn

    from local_kfp.server.app import create_app
    from local_kfp.server.clock import Clock
    from local_kfp.server.server import Server
    from local_kfp.server.store import open_store
    from local_kfp.server.supervisor import Supervisor

    state = arguments.state.resolve()
    store, clock = open_store(state / "kfp.db"), Clock()
    supervisor = Supervisor(store, clock, state / "runs")
    supervisor.recover()
    server = Server(store, clock, supervisor, arguments.images.resolve(), arguments.runner)
    server.prune(arguments.keep_runs)
    server.add_default_experiment()
    if arguments.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    print(f"listening on {url}", flush=True)
    config = uvicorn.Config(create_app(server), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    command_line.run(main)
