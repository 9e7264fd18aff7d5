"""Delete images older than images.keep_days that no code, model or pipeline references."""

import argparse
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.command_line import WorldError, parser, run
from engine.github.step import add_summary
from engine.images import needed_images, published_images
from engine.images.docker_hub import DockerHub
from engine.images.github_package import GitHubPackage
from engine.images.image_credentials import credentials, github_registry
from engine.images.image_repository import LOOK_UPS_AT_ONCE, split_name
from engine.images.image_shelves import Held, Registry, Shelf
from engine.images.images import TAG

PERMISSIONS = {"packages": "write"}
ALL = "all"
ABOUT = re.compile(r"sha256-([0-9a-f]{64})(\..+)?")
"""The tag of what is said about an image, attestations say, in a registry that links it by no other way."""


def main() -> None:
    arguments = _parser().parse_args()

    from engine.settings.settings import load

    settings = load(Path("mlops.yaml"))
    name = published_images.pushed_to(arguments)
    if arguments.pull_request is not None and not _may_hold_pull_requests(name):
        print(f"{name}: pull requests push nothing there from here, so there is nothing to delete")
        return
    closed = arguments.pull_request not in (None, ALL)  # and then what it pushed is not needed, however new
    needed = needed_images.Needed() if closed else _needed(arguments, settings.model)
    pushed_here = _tags_pushed(arguments.pull_request)
    shelf = _open(name)
    listed = shelf.held()
    ours = [each for each in listed if all(map(pushed_here.fullmatch, each.tags))]
    if arguments.pull_request is None:
        needed |= needed_images.of_checkout(Path(), {tag for each in ours for tag in each.tags})
    unneeded = [each for each in ours if not needed.names(each.tags, each.digest)]
    since = datetime.now(UTC) - timedelta(days=settings.images.keep_days)
    if not closed:
        unneeded = _older(shelf, unneeded, since)
    kept = [each for each in listed if each not in unneeded]
    orphans = _about(kept, {each.digest for each in unneeded} - {each.digest for each in kept})
    kept = [each for each in kept if each not in orphans]
    remnants = _older(shelf, shelf.remnants(kept), since)
    _delete(shelf, [*orphans, *unneeded, *remnants], len(kept), arguments.dry_run)


def _parser() -> argparse.ArgumentParser:
    options = parser(__doc__)
    options.add_argument(
        "--repository", metavar="NAME", help="default: images.repository of mlops.yaml, else ghcr.io's"
    )
    options.add_argument(
        "--pull-request",
        metavar="N",
        help="in the pull requests' repository: what this one pushed; all: what any did, once it is old",
    )
    options.add_argument(
        "--needed",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="what record_needed_images wrote in an environment, each one given (default: ask this one)",
    )
    options.add_argument("--dry-run", action="store_true", help="say what would be deleted")
    return options


def _may_hold_pull_requests(name: str) -> bool:
    """pr.yml pushes with its own credentials, and not to GitHub's registry, which takes a write grant."""
    host, _ = split_name(name)
    return host != github_registry(os.environ) and (
        host != "docker.io" or credentials(host, os.environ) is not None
    )


def _tags_pushed(pull_request: str | None) -> re.Pattern[str]:
    """What this project, or its pull requests, or one of them, pushed: nothing else is touched."""
    if pull_request is None:
        return TAG
    salt = r"pr\d+" if pull_request == ALL else published_images.pull_request_salt(pull_request)
    return re.compile(f"[A-Za-z0-9_]+-[0-9a-f]{{16}}-{salt}")


def _open(name: str) -> Shelf:
    host, _ = split_name(name)
    github = github_registry(os.environ)
    kinds: dict[str, Callable[[str], Shelf]] = {"docker.io": DockerHub, github: GitHubPackage}
    return kinds.get(host, Registry)(name)


def _needed(arguments: argparse.Namespace, model: str) -> needed_images.Needed:
    if arguments.pull_request is not None:  # of which no model is registered
        return needed_images.on_the_endpoint()
    if not arguments.needed:
        return needed_images.needed_here(model)
    needed = needed_images.Needed()
    for path in arguments.needed:
        needed |= needed_images.read(path)
    return needed


def _older(shelf: Shelf, listed: list[Held], since: datetime) -> list[Held]:
    with ThreadPoolExecutor(LOOK_UPS_AT_ONCE) as pool:
        times = pool.map(shelf.pushed, listed)
        return [each for each, pushed in zip(listed, times, strict=True) if pushed < since]


def _about(listed: list[Held], digests: set[str]) -> list[Held]:
    """Those that are about images of these digests and about no other."""

    def subject(tag: str) -> str:
        match = ABOUT.fullmatch(tag)
        return f"sha256:{match[1]}" if match else ""

    return [each for each in listed if {subject(tag) for tag in each.tags} <= digests]


def _delete(shelf: Shelf, unneeded: list[Held], kept: int, dry_run: bool) -> None:
    """What is about an image goes before it, so that a killed call leaves nothing behind for good."""
    failures = []
    for each in unneeded:
        label = ", ".join(each.tags) or each.digest
        try:
            if not dry_run:
                shelf.delete(each)
            print(f"{label}: {'would be ' * dry_run}deleted", flush=True)
        except WorldError as error:
            failures.append(error)
            print(f"{label}: {error}", flush=True)
    deleted = len(unneeded) - len(failures)
    line = f"{shelf.name}: {deleted} {'would be ' * dry_run}deleted, {kept + len(failures)} kept\n"
    print(line, end="")
    add_summary(line)
    if failures:
        raise WorldError(f"expected {len(unneeded)} deleted, found {deleted}: {failures[0]}")


if __name__ == "__main__":
    run(main)
