"""The component of pipelines that test the local KFP server: does what its arguments say."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--say", action="append", default=[])
    parser.add_argument("--write", nargs=2, action="append", default=[], metavar=("PATH", "TEXT"))
    parser.add_argument("--append", nargs=2, action="append", default=[], metavar=("PATH", "TEXT"))
    parser.add_argument("--copy", nargs=2, action="append", default=[], metavar=("FROM", "TO"))
    parser.add_argument("--environment", nargs=2, metavar=("NAME", "PATH"))
    parser.add_argument("--write-pid", metavar="PATH")
    parser.add_argument("--leave-daemon", metavar="PATH", help="write the process number of a daemon to PATH")
    parser.add_argument("--say-at-end", metavar="TEXT")
    parser.add_argument("--sleep", type=float, default=0)
    parser.add_argument("--fail-until-lines", nargs=2, metavar=("PATH", "COUNT"))
    parser.add_argument("--exit", type=int, default=0)
    options = parser.parse_args()
    for text in options.say:
        print(text)
    for path, text in options.write:
        Path(path).write_text(text)
    for path, text in options.append:
        with Path(path).open("a") as file:
            file.write(text + "\n")
    for source, target in options.copy:
        Path(target).write_text(Path(source).read_text())
    if options.environment:
        name, path = options.environment
        Path(path).write_text(os.environ.get(name, ""))
    if options.leave_daemon:
        leave_daemon(Path(options.leave_daemon))
    if options.say_at_end:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(options.say_at_end))
    if options.write_pid:
        Path(options.write_pid).write_text(str(os.getpid()))
    time.sleep(options.sleep)
    if options.fail_until_lines:
        path, count = options.fail_until_lines
        return int(len(Path(path).read_text().splitlines()) < int(count))
    return options.exit


def leave_daemon(pid_file: Path) -> None:
    """Start a process of its own session, without a parent, that ignores SIGTERM."""
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    write = f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))"
    daemon = (
        f"import os, pathlib, signal, time; os.fork() and os._exit(0); {ignore}; {write}; time.sleep(600)"
    )
    subprocess.run([sys.executable, "-c", daemon], start_new_session=True, check=True)
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
