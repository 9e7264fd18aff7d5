"""What a task's own process printed, out of the log of its pod, cut to what a person reads."""

import re

LONGEST_LINE = 300  # characters
MOST_LINES = 200
MACHINERY = re.compile(
    r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.]+\.go:\d+\]"  # Kubeflow's launcher and driver
    r"|time=\S+ level=\w+ .*\bargo=true\b"  # Argo's executor
)


def printed(log: str) -> str:
    """The last lines of the task's own process, each cut if it is too long."""
    lines = [line for line in log.splitlines() if not MACHINERY.match(line)]
    return "".join(f"{shortened(line)}\n" for line in lines[-MOST_LINES:])


def shortened(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]}… ({len(line)} characters)"
