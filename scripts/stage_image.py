"""Stage the build context of the image with this tag, for docker/build-push-action to build."""

import argparse
from pathlib import Path

from components.shared.command_line import SettingsError, parser, run
from scripts.lib import published_images
from scripts.lib.github import set_outputs
from scripts.lib.images import split_tag, stage
from scripts.lib.sources import GitIndex


def main() -> None:
    arguments = _parser().parse_args()
    component, _, salt = split_tag(arguments.tag)
    image = stage(component, GitIndex(Path.cwd()), published_images.pushed_to(arguments), salt)
    if image.tag != arguments.tag:
        raise SettingsError(f"{arguments.tag}: expected the checkout it was planned in, found {image.tag}")
    print(f"{image.reference} staged in {image.path}")
    set_outputs(reference=image.reference)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument("tag", help="as plan_images names it")
    published_images.add_options(options)
    return options


if __name__ == "__main__":
    run(main)
