"""Delete runs, pipelines and experiments of a closed pull request, or of all closed ones."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import WorldError, parser, run

if TYPE_CHECKING:
    from engine.kubeflow.kfp_client import Client

PERMISSIONS = {"pull-requests": "read"}
NAME = re.compile(r"pr-(\d+)-.+")


def main() -> int:
    options = parser(__doc__)
    options.add_argument("number", nargs="?", type=int, help="of a pull request that is closed")
    arguments = options.parse_args()
    if not os.environ.get("KUBEFLOW_HOST"):
        print("KUBEFLOW_HOST is not set: there is nothing to clean up")
        return 0

    from engine.kubeflow.endpoint import connect
    from engine.kubeflow.removal import remove

    problems = []
    with connect(Path.cwd()) as client:
        numbers = [arguments.number] if arguments.number else _closed(_numbers(client))
        for number in numbers:
            try:
                problems += remove(client, f"pr-{number}")
            except WorldError as error:  # of the lists; the others may still be cleaned up
                problems.append(f"pull request {number}: {error}")
    print(*problems, sep="\n", end="\n" * bool(problems), file=sys.stderr)
    if problems:
        raise WorldError(
            f"expected everything deleted, found {len(problems)} that could not be, listed above"
        )
    return 0


def _numbers(client: "Client") -> list[int]:
    """The pull requests that something on the endpoint is named after."""
    from engine.kubeflow import kfp_lists

    resources = [*kfp_lists.runs(client, "pr"), *kfp_lists.experiments(client, "pr")]
    resources += kfp_lists.pipelines(client, "pr")
    names = (NAME.fullmatch(each.display_name) for each in resources)
    return sorted({int(name[1]) for name in names if name})


def _closed(numbers: list[int]) -> list[int]:
    from engine.github.api import GitHub

    if not numbers:
        return []
    github = GitHub()
    return [number for number in numbers if github.get("pulls", number)["state"] == "closed"]


if __name__ == "__main__":
    run(main)
