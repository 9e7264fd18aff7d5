"""Check GitHub, image repository, stores, endpoint and cluster, and print how to repair each fault."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import SettingsError, WorldError, parser, run
from engine.github.step import add_summary

if TYPE_CHECKING:
    from engine.doctor.results import Result, Results, Site

PERMISSIONS = {"actions": "read", "contents": "read", "id-token": "write", "packages": "write"}
PARTS = ("github", "images", "store", "endpoint", "cluster", "canary")


def main() -> int:
    """Exit status 1 if a check failed."""
    arguments = _parser().parse_args()

    from engine.doctor.results import Site, document, line
    from engine.reporting.display import shows_colors

    site = Site(Path.cwd(), os.environ, arguments.dry_run, arguments.images)
    results = []
    for result in examine(site, arguments.only or PARTS):
        results.append(result)
        if not arguments.json:
            print(line(result, shows_colors(sys.stdout)), flush=True)
    if arguments.json:
        print(json.dumps(document(results), indent=2))
    add_summary("".join(f"- {line(result)}\n" for result in results))
    return int(any(result.status == "fail" for result in results))


def examine(site: "Site", parts: tuple[str, ...]) -> Iterator["Result"]:
    """The results of each part; what a part could not find out is a failure of its own."""
    from engine.doctor.endpoint import explained

    for part in parts:
        check: Callable[[Site], Results] = import_module(f"engine.doctor.{part}").check
        try:
            yield from check(site)
        except (SettingsError, WorldError) as error:
            yield explained(part, error)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    options.add_argument("--images", type=Path, metavar="FILE", help="pushed images for the run of one step")
    options.add_argument("--dry-run", action="store_true", help="write nothing and start nothing")
    options.add_argument("--json", action="store_true", help="print the results as one JSON object")
    return options


if __name__ == "__main__":
    run(main)
