"""Print the cache key of the locked environment that set-up installs, and put the environment on PATH."""

import argparse
import hashlib
import platform
from pathlib import Path

from engine.command_line import parser, run
from engine.github.step import add_path, set_outputs

ROOT = Path(__file__).resolve().parents[2]
HOOKS = "~/.cache/pre-commit"  # where pre-commit keeps the environments of its hooks


def main() -> None:
    arguments = _parser().parse_args()
    tests = arguments.tests == "true"
    locks = ["requirements.txt", *["requirements-dev.txt", ".pre-commit-config.yaml"] * tests]
    locked = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in locks)).hexdigest()
    python = f"{platform.python_version()}-{platform.system()}-{platform.machine()}"
    place = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]  # its scripts name the folder that they lie in
    key = f"environment-{python}-{place}-{locked[:32]}"
    print(key)
    add_path(ROOT / ".venv" / "bin")
    target = f".venv/installed{'-hooks' * tests}"
    set_outputs(key=key, path=str(ROOT / ".venv"), hooks=HOOKS * tests, target=target)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--tests", choices=["true", "false"], default="false", help="what tests and hooks need too"
    )
    return options


if __name__ == "__main__":
    run(main)
