"""Stage the build context of the image with this tag, for docker/build-push-action to build."""

import argparse
import os
from pathlib import Path

from engine.command_line import SettingsError, parser, run
from engine.github.step import set_outputs
from engine.images import published_images
from engine.images.image_repository import split_name
from engine.images.images import built_from, split_tag, stage
from engine.sources import GitIndex


def main() -> None:
    arguments = _parser().parse_args()
    component, _, salt = split_tag(arguments.tag)
    repository = published_images.pushed_to(arguments)
    image = stage(component, GitIndex(arguments.checkout), repository, salt)
    if image.tag != arguments.tag:
        raise SettingsError(f"{arguments.tag}: expected the checkout it was planned in, found {image.tag}")
    print(f"{image.reference} staged in {image.path}")
    context, dockerfile = built_from(arguments.checkout, image)
    host, path = split_name(repository)
    set_outputs(
        reference=image.reference,
        context=context,
        dockerfile=dockerfile,
        subject_name=f"{'index.docker.io' if host == 'docker.io' else host}/{path}",
        labels=_labels(),
    )


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("tag", help="as plan_images names it")
    options.add_argument(
        "--checkout", type=Path, default=Path(), metavar="FOLDER", help="where it was planned (default: here)"
    )
    published_images.add_options(options)
    return options


def _labels() -> str:
    """What links an image to its repository at ghcr.io. A commit's would make equal images differ."""
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"org.opencontainers.image.source={server}/{repository}" if server and repository else ""


if __name__ == "__main__":
    run(main)
