"""Which images a checkout needs, their names where they are pushed, and which are published already."""

import argparse
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command_line import Finding, SettingsError
from engine.images.image_credentials import github_registry
from engine.images.image_repository import DIGEST, DeniedError, ImageRepository, split_name
from engine.images.images import TAG, WEEK, Image, name_all, split_tag
from engine.sources import GitIndex

if TYPE_CHECKING:
    from engine.settings.settings_schema import Settings

PULL_REQUEST = re.compile(r"refs/pull/(\d+)/|refs/heads/gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]+$")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--repository", metavar="NAME", help="default: images.repository of mlops.yaml, else ghcr.io's"
    )
    parser.add_argument(
        "--pull-request",
        nargs="?",
        const="",
        metavar="N",
        help="look in the pull requests' repository too, and push there (default: the number in GITHUB_REF)",
    )


def needed(arguments: argparse.Namespace, checkout: Path, salt: str) -> dict[str, Image]:
    """By component: the images of the checkout's index, under the references that they are pushed to."""
    images = name_all(GitIndex(checkout), pushed_to(arguments), salt)
    if not images:
        where = f"git's index{'' if checkout == Path() else f' of {checkout}'}"
        raise SettingsError(f"{where}: expected components/<name>/Dockerfile, found none; is it added?")
    return images


def published(images: Iterable[Image], arguments: argparse.Namespace) -> dict[str, str]:
    """By tag of `images`: the references, with digests, of those that are there; main's come first."""
    images = list(images)
    main = main_repository(arguments)
    references: dict[str, str] = {}
    for name in (main, pushed_to(arguments))[: 1 if arguments.pull_request is None else 2]:
        absent = [image for image in images if image.tag not in references]
        repository = ImageRepository(name)
        try:
            listed = set(repository.tags())
            chosen = _chosen(absent, listed, any_week=name == main)
            digests = repository.digests(chosen.values())
        except DeniedError as error:  # as before the first push, which makes the repository
            print(f"note: {error}; taken as empty", file=sys.stderr)
            continue
        references |= {
            tag: f"{name}:{there}@{digests[there]}" for tag, there in chosen.items() if there in digests
        }
    return references


def _chosen(images: Iterable[Image], listed: Collection[str], any_week: bool) -> dict[str, str]:
    """By tag of `images`, which of the tags `listed` is taken for it: its own; or, where main's are asked for
    with no week, the newest week's, which has the newest security patches."""
    newest = {}
    for tag in sorted(listed):  # with no week comes first
        match = TAG.fullmatch(tag)
        if match and (not match[3] or WEEK.fullmatch(match[3])):
            newest[f"{match[1]}-{match[2]}"] = tag
    chosen = {}
    for image in images:
        asked_for_week = WEEK.fullmatch(split_tag(image.tag)[2])
        there = (
            newest.get(f"{image.component}-{image.hash}") if any_week and not asked_for_week else image.tag
        )
        if there and there in listed:
            chosen[image.tag] = there
    return chosen


def check_digest(text: str, where: str) -> str:
    """`text`, if it is a digest; otherwise an error names `where` it came from."""
    if not DIGEST.fullmatch(text):
        raise Finding(f"{where}: expected a digest, sha256: and 64 hex digits, found {text[:80]!r}")
    return text


def pull_request_salt(option: str, environment: Mapping[str, str] = os.environ) -> str:
    """What tells a pull request's tags from all others: when it is closed, these are deleted and no more."""
    return f"pr{pull_request_number(option, environment)}"


def pull_request_number(number: str, environment: Mapping[str, str] = os.environ) -> int:
    """The `number` of an option, checked; if it is empty, the one that GITHUB_REF has."""
    if not number:
        ref = environment.get("GITHUB_REF", "")
        match = PULL_REQUEST.match(ref)
        number = (match[1] or match[2]) if match else ""
        if not match:
            raise SettingsError(f"--pull-request: expected its number, here or in GITHUB_REF, found {ref!r}")
    if not re.fullmatch(r"[1-9]\d*", number):
        raise SettingsError(f"--pull-request: expected its number, found {number!r}")
    return int(number)


def pushed_to(arguments: argparse.Namespace) -> str:
    """The repository for what is built: the pull requests' have one of their own."""
    main = main_repository(arguments)
    return main if arguments.pull_request is None else pull_requests_repository(_settings(), main)


def main_repository(arguments: argparse.Namespace) -> str:
    name = arguments.repository or repository_of(_settings())
    split_name(name)
    return name


def repository_of(settings: "Settings", environment: Mapping[str, str] = os.environ) -> str:
    """The image repository of the main branch."""
    if settings.images.repository:
        return settings.images.repository
    if repository := environment.get("GITHUB_REPOSITORY"):
        return f"{github_registry(environment)}/{repository.lower()}"
    raise SettingsError("mlops.yaml: images.repository: expected an image repository, found none")


def pull_requests_repository(settings: "Settings", main: str | None = None) -> str:
    """The image repository that pull requests push to, with a credential that cannot touch the main one."""
    name = settings.images.pull_requests or f"{main or repository_of(settings)}-pull-requests"
    split_name(name)
    return name


def _settings() -> "Settings":
    from engine.settings.settings import load

    return load(Path("mlops.yaml"))
