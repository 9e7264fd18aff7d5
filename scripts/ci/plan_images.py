"""Plan which component images to build: those that are not published yet."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from engine.command_line import SettingsError, parser, run
from engine.github.step import add_summary, set_outputs
from engine.images import published_images
from engine.images.images import Image, built_from

PERMISSIONS = {"packages": "read"}
MOST_JOBS = 256  # GitHub's limit of a matrix


def main() -> None:
    arguments = _parser().parse_args()
    salt = _salt(arguments)
    images = {
        image.tag: (checkout, image)
        for checkout in reversed(arguments.checkouts or [Path()])  # of two, the first one builds it
        for image in published_images.needed(arguments, checkout, salt).values()
    }
    images = dict(sorted(images.items()))
    published = published_images.published([image for _, image in images.values()], arguments)
    to_build = [_job(*images[tag], salt) for tag in images if tag not in published]
    table = _table([image for _, image in images.values()], published)
    print(table, end="")
    add_summary(table)
    if len(to_build) > MOST_JOBS:
        raise SettingsError(f"expected {MOST_JOBS} images to build at most, found {len(to_build)}")
    set_outputs(matrix=json.dumps(to_build), salt=salt)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    published_images.add_options(options)
    options.add_argument(
        "--checkout",
        action="append",
        type=Path,
        dest="checkouts",
        metavar="FOLDER",
        help="whose images to plan; may be given several times (default: this one's)",
    )
    options.add_argument("--weekly", action="store_true", help="build what was not built this week (UTC) too")
    return options


def _salt(arguments: argparse.Namespace) -> str:
    if arguments.pull_request is None:
        return f"{datetime.now(UTC):%Gw%V}" if arguments.weekly else ""
    if arguments.weekly:
        raise SettingsError("expected --weekly or --pull-request, found both")
    return published_images.pull_request_salt(arguments.pull_request)


def _job(checkout: Path, image: Image, salt: str) -> dict[str, str]:
    """What one job of the matrix needs. The repository is not part of it, for GitHub drops an output that
    holds a secret, which the user's name at Docker Hub may be."""
    context, dockerfile = built_from(checkout, image)
    weekly = salt and not salt.startswith("pr")
    return {
        "component": image.component,
        "tag": image.tag,
        "checkout": str(checkout),
        "context": context,
        "dockerfile": dockerfile,
        "cache-scope": f"{image.component}-{salt}" if weekly else image.component,
    }


def _table(images: list[Image], published: dict[str, str]) -> str:
    """Markdown that reads well in a terminal too."""
    rows = [("component", "tag", "where")]
    for image in images:
        rows.append((image.component, image.tag, published.get(image.tag, "to build").partition("@")[0]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2]))
    lines = (" | ".join(map(str.ljust, row, widths)) for row in rows)
    return "".join(f"| {line} |\n" for line in lines)


if __name__ == "__main__":
    run(main)
