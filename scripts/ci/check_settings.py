"""Check that settings are set, and report misspelt ones; steps that need a missing one are skipped."""

import argparse
import json
import os

from engine.command_line import SettingsError, parser, run
from engine.environment import misspelt
from engine.github.step import add_notice, add_summary, not_set, set_outputs

GUIDE = "docs/operating.md"


def main() -> None:
    arguments = _parser().parse_args()
    missing = [name for name in arguments.names if not os.environ.get(name)]
    if missing and arguments.required:
        raise SettingsError(f"{', '.join(missing)}: expected a value, found none; see {GUIDE}")
    if missing:
        job = os.environ.get("GITHUB_JOB", "")
        line = f"{job and job + ': '}skipped: {not_set(missing)}; see {GUIDE}"
        print(f"::notice title=Skipped::{line}" if "GITHUB_ACTIONS" in os.environ else line)
        add_summary(f"{line}\n")
    for name, entry in misspelt({*arguments.names, *os.environ, *_repository_variables()}).items():
        add_notice(f"{name} is no variable of this project; did you mean {entry}?", title="Unknown variable")
    set_outputs(complete=str(not missing).lower())


def _repository_variables() -> dict[str, str]:
    variables: dict[str, str] = json.loads(os.environ.get("REPOSITORY_VARIABLES") or "{}")
    return variables


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("names", nargs="+", metavar="NAME", help="an environment variable")
    options.add_argument("--required", action="store_true", help="fail if one is missing")
    return options


if __name__ == "__main__":
    run(main)
