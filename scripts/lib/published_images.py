"""Which images this checkout needs, and where they are published already."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from components.shared.command_line import Finding, SettingsError
from scripts.lib.image_repository import DIGEST, DeniedError, ImageRepository, split_name
from scripts.lib.images import Image, name_all
from scripts.lib.sources import GitIndex


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repository", metavar="NAME", help="default: images.repository of mlops.yaml, else ghcr.io's"
    )
    parser.add_argument(
        "--also-in", metavar="NAME", help="look here too, and push here: a pull request's own"
    )


def needed(arguments: argparse.Namespace, salt: str) -> dict[str, Image]:
    """By component: the images of git's index, under the references that they are pushed to."""
    images = name_all(GitIndex(Path.cwd()), pushed_to(arguments), salt)
    if not images:
        raise SettingsError("git's index: expected components/<name>/Dockerfile, found none; is it added?")
    return images


def published(images: Iterable[Image], arguments: argparse.Namespace) -> dict[str, str]:
    """By component: the references, with their digests, of those of `images` that are there."""
    tags = {image.component: image.tag for image in images}
    found: dict[str, str] = {}
    for name in _repositories(arguments):
        absent = [tag for component, tag in tags.items() if component not in found]
        try:
            digests = ImageRepository(name).digests(absent)
        except DeniedError as error:  # as before the first push, which makes the repository
            print(f"note: {error}; taken as empty", file=sys.stderr)
            continue
        found |= {each: f"{name}@{digests[tag]}" for each, tag in tags.items() if tag in digests}
    return found


def check_digest(text: str, where: str) -> str:
    """`text`, where it is a digest; `where` it came from is told otherwise."""
    if not DIGEST.fullmatch(text):
        raise Finding(f"{where}: expected a digest, sha256: and 64 hex digits, found {text[:80]!r}")
    return text


def pushed_to(arguments: argparse.Namespace) -> str:
    """The repository for what is built: where a pull request has its own, that one."""
    return _repositories(arguments)[-1]


def _repositories(arguments: argparse.Namespace) -> list[str]:
    names = [arguments.repository or _default_repository(), arguments.also_in]
    return [name for name in names if name and split_name(name)]


def _default_repository() -> str:
    from scripts.lib.settings import load

    settings = load(Path("mlops.yaml"))
    if settings.images.repository:
        return settings.images.repository
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"ghcr.io/{repository.lower()}"
    raise SettingsError("mlops.yaml: images.repository: expected an image repository, found none")
