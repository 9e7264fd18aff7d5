"""Does what its arguments say: the component of pipelines that test the local KFP server."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--say", action="append", default=[])
    arguments.add_argument("--write", nargs=2, action="append", default=[], metavar=("PATH", "TEXT"))
    arguments.add_argument("--append", nargs=2, action="append", default=[], metavar=("PATH", "TEXT"))
    arguments.add_argument("--copy", nargs=2, action="append", default=[], metavar=("FROM", "TO"))
    arguments.add_argument("--environment", nargs=2, metavar=("NAME", "PATH"))
    arguments.add_argument("--write-pid", metavar="PATH")
    arguments.add_argument("--say-at-end", metavar="TEXT")
    arguments.add_argument("--sleep", type=float, default=0)
    arguments.add_argument("--fail-until-lines", nargs=2, metavar=("PATH", "COUNT"))
    arguments.add_argument("--exit", type=int, default=0)
    asked = arguments.parse_args()
    for text in asked.say:
        print(text)
    for path, text in asked.write:
        Path(path).write_text(text)
    for path, text in asked.append:
        with Path(path).open("a") as file:
            file.write(text + "\n")
    for source, target in asked.copy:
        Path(target).write_text(Path(source).read_text())
    if asked.environment:
        name, path = asked.environment
        Path(path).write_text(os.environ.get(name, ""))
    if asked.say_at_end:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(asked.say_at_end))
    if asked.write_pid:
        Path(asked.write_pid).write_text(str(os.getpid()))
    time.sleep(asked.sleep)
    if asked.fail_until_lines:
        path, count = asked.fail_until_lines
        return int(len(Path(path).read_text().splitlines()) < int(count))
    return asked.exit


if __name__ == "__main__":
    sys.exit(main())
