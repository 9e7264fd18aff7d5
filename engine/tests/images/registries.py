"""Registries that answer as a test says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.tests.docker_registry import MANIFEST
from engine.tests.standins.http_server import Answer, serving

DIGEST = f"sha256:{'ab' * 32}"
THERE = Answer(200, {"Content-Type": MANIFEST, "Docker-Content-Digest": DIGEST})


@contextmanager
def unruly(answer: Callable[[str], Answer]) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A registry that gives any answer to a path, and the paths and authorizations that it got."""
    seen: list[tuple[str, str | None]] = []

    def record(path: str, headers) -> Answer:
        seen.append((path, headers.get("Authorization")))
        return answer(path)

    with serving(record) as host:
        yield host, seen
