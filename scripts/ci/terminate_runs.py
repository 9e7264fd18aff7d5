"""End the runs on the endpoint that are called PREFIX or PREFIX-something."""

import os
from pathlib import Path

from engine.command_line import SettingsError, WorldError, parser, run


def main() -> int:
    options = parser(__doc__)
    options.add_argument("prefix", help="pr-12 is for pr-12 and pr-12-..., not for pr-123-...")
    prefix = options.parse_args().prefix
    if not prefix.strip("-"):
        raise SettingsError(f"expected the beginning of a name, found {prefix!r}")
    if not os.environ.get("KUBEFLOW_HOST"):
        print("KUBEFLOW_HOST is not set: no run outlives the command that started it")
        return 0

    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.removal import end_runs

    with connect(Path.cwd()) as client:
        problems = end_runs(client, prefix)
    if problems:
        raise WorldError("; ".join(problems))
    return 0


if __name__ == "__main__":
    run(main)
