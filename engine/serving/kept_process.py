"""Runs a command that ends with the process that started this one, however that ends."""

import os
import signal
import subprocess
import sys
import threading

ENDING_SECONDS = 10


def main() -> int:
    """The status of the command; standard input closes when the process that started this one ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        return process.wait()
    finally:
        _end(process)


def _end_with_parent() -> None:
    while os.read(0, 1024):  # no buffer: its lock would abort an interpreter that ends meanwhile
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
