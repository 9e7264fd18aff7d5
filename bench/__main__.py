"""Run every benchmark in order: each measures one promise of ours beside what a user would pick instead."""

import subprocess
import sys
from pathlib import Path

from engine import command_line


def main() -> int:
    command_line.parser(__doc__).parse_args()
    failed = 0
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"== {path.stem}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"bench.{path.stem}"]).returncode
        print(flush=True)
    return int(failed != 0)


if __name__ == "__main__":
    command_line.run(main)
