"""Serve the Kubeflow Pipelines API on this machine, and run pipelines without a cluster."""

import argparse
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_kfp import command_line
from local_kfp.command_line import WorldError
from local_kfp.runner.keeper import end_with_parent
from local_kfp.runner.task_environment import drop_other_variables
from local_kfp.server.state_lock import Holder, LockedError, lock

_HELP = """
The server listens on 127.0.0.1 only and prints "listening on <URL>" once it accepts requests.
Open the URL in a browser to see runs, tasks, logs and reports, or pass it to kfp.Client.
Ctrl-C stops the server and its runs. Exit status: 0 the server was stopped, 2 the arguments are wrong,
3 the port, the state folder or the disk cannot be used.
"""


def parse_arguments() -> argparse.Namespace:
    parser = command_line.parser(__doc__, _HELP)
    parser.prog = "python -m local_kfp"
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(".mlops/kfp"),
        metavar="FOLDER",
        help="pipelines, runs and schedules are stored here (default: %(default)s)",
    )
    parser.add_argument(
        "--time-zone",
        type=time_zone,
        default="UTC",
        metavar="ZONE",
        help="cron expressions are times of this zone, such as Europe/Berlin (default: %(default)s)",
    )
    parser.add_argument(
        "--show-nodes",
        action="store_true",
        help="list the nodes of a workflow in task_details, instead of tasks, as a cluster does",
    )
    parser.add_argument(
        "--keep-runs",
        type=int,
        default=100,
        metavar="N",
        help="at the start, delete all but the newest N of the runs that have ended (default: %(default)s)",
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input ends, that is, when the process that started the server has ended; "
        "where a server without this option has the folder, print its URL instead",
    )
    _add_runner_options(parser)
    return parser.parse_args()


def _add_runner_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runner",
        choices=("subprocess", "docker"),
        default="subprocess",
        help="run each task as a process of this machine, from its staged image, or in a container of its "
        "image, with the engine at DOCKER_HOST (default: %(default)s)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        default=Path(".mlops/images"),
        metavar="FOLDER",
        help="staged images of runner subprocess, one folder each (default: %(default)s)",
    )
    parser.add_argument(
        "--mount",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="folder that containers of runner docker see under the same path, beside their run's; may be "
        "repeated (default: the current folder)",
    )


def time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(
            f"expected a time zone such as Europe/Berlin, found {name!r}"
        ) from None


def main() -> int:
    arguments = parse_arguments()
    drop_other_variables()
    listener = open_port(arguments.port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if arguments.with_parent:
        threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        with listener, lock_state(arguments.state, url, arguments.with_parent):
            serve(arguments, listener, url)
    except LockedError as locked:
        print(f"using the server at {locked.holder.url}")
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


def lock_state(state: Path, url: str, with_parent: bool) -> IO[str]:
    """Lock the state folder; a server that ends with its parent waits for another such server to end."""
    waiting = False
    while True:
        try:
            return lock(state, Holder(url, temporary=with_parent))
        except LockedError as locked:
            other = locked.holder
            if not with_parent:
                raise WorldError(
                    f"{state} is served at {other.url} already: use that server "
                    f"(KUBEFLOW_HOST={other.url}), or choose another folder with --state"
                ) from None
            if not other.temporary:
                raise
            if not waiting:
                print(
                    f"waiting for another command, whose server at {other.url} has {state}", file=sys.stderr
                )
                waiting = True


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
    mounts = [path.resolve() for path in arguments.mount or [Path()]]
    images, zone = arguments.images.resolve(), arguments.time_zone
    server = Server(store, clock, supervisor, images, arguments.runner, mounts, arguments.show_nodes, zone)
    try:
        server.prune(arguments.keep_runs)
        server.add_default_experiment()
    except sqlite3.Error as error:
        raise WorldError(f"cannot store state in {state}: {error}") from None
    print(f"listening on {url}", flush=True)
    config = uvicorn.Config(create_app(server), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    command_line.run(main)
