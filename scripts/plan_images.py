"""Plan which component images to build: those that are not published yet."""

import argparse
import json
from datetime import UTC, datetime

from components.shared.command_line import SettingsError, parser, run
from scripts.lib import published_images
from scripts.lib.github import add_summary, set_outputs
from scripts.lib.images import STORE, Image

MOST_JOBS = 256  # GitHub's limit of a matrix


def main() -> None:
    arguments = _parser().parse_args()
    salt = f"{datetime.now(UTC):%Gw%V}" if arguments.weekly else ""
    images = published_images.needed(arguments, salt)
    published = published_images.published(images.values(), arguments)
    to_build = [_job(image, salt) for name, image in images.items() if name not in published]
    table = _table(images, published)
    print(table, end="")
    add_summary(table)
    if len(to_build) > MOST_JOBS:
        raise SettingsError(f"expected {MOST_JOBS} images to build at most, found {len(to_build)}")
    set_outputs(matrix=json.dumps(to_build), salt=salt)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    published_images.add_options(options)
    options.add_argument("--weekly", action="store_true", help="build what was not built this week (UTC) too")
    return options


def _job(image: Image, salt: str) -> dict[str, str]:
    """What one job of the matrix needs. The repository is not part of it, for GitHub drops an output that
    holds a secret, which the user's name at Docker Hub may be."""
    context = STORE / image.path.name
    return {
        "component": image.component,
        "tag": image.tag,
        "context": str(context),
        "dockerfile": f"{context}/components/{image.component}/Dockerfile",
        "cache-scope": f"{image.component}{salt and '-'}{salt}",
    }


def _table(images: dict[str, Image], published: dict[str, str]) -> str:
    """Markdown that reads well in a terminal too."""
    rows = [("component", "tag", "where")]
    for name, image in images.items():
        rows.append((name, image.tag, published.get(name, "to build").partition("@")[0]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = (" | ".join(map(str.ljust, row, widths)) for row in rows)
    return "".join(f"| {line} |\n" for line in lines)


if __name__ == "__main__":
    run(main)
