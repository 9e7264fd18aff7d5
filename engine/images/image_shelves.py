"""What an image repository holds, and how it is deleted there, over the OCI distribution API."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from engine.command_line import SettingsError, WorldError
from engine.images.image_repository import ImageRepository, read_json


@dataclass(frozen=True)
class Held:
    """What is deleted at once: a tag of Docker Hub, elsewhere an image with all its tags."""

    tags: tuple[str, ...]
    digest: str
    pushed: datetime | None = None
    """None if only the image itself can tell, by `Shelf.pushed`."""
    number: int = 0


def known_moment(held: Held) -> datetime:
    """When it was pushed, if the list of images says so."""
    if held.pushed is None:
        raise WorldError(f"{', '.join(held.tags)}: expected the moment of its push, found none")
    return held.pushed


class Shelf(Protocol):
    name: str

    def held(self) -> list[Held]:
        """All that has a tag."""

    def pushed(self, held: Held) -> datetime:
        """When it came here, as far as is known."""

    def delete(self, held: Held) -> None:
        """Again is harmless."""

    def remnants(self, kept: list[Held]) -> list[Held]:
        """What has no tag and is no part of `kept`, if a registry does not delete it by itself."""


class Registry:
    """Any registry that keeps to the OCI distribution API, and lets manifests be deleted."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ):
        self.name = name
        self.repository = ImageRepository(name, environment)

    def held(self) -> list[Held]:
        tags_of: dict[str, list[str]] = {}
        for tag, digest in self.repository.digests(self.repository.tags()).items():
            tags_of.setdefault(digest, []).append(tag)
        return [Held(tuple(sorted(tags)), digest) for digest, tags in tags_of.items()]

    def pushed(self, held: Held) -> datetime:
        """When the image was made, which is what it says of itself."""
        manifest = self.document("manifests", held.digest)
        if parts := manifest.get("manifests"):
            manifest = self.document("manifests", parts[0]["digest"])
        made = None
        if config := manifest.get("config"):
            made = self.document("blobs", config["digest"]).get("created")
        return read_time(made) if made else datetime.now(UTC)

    def delete(self, held: Held) -> None:
        url = f"{self.repository.base}/manifests/{held.digest}"
        response = self.repository.ask("DELETE", url, actions="delete")
        if response.status_code == 405:
            raise SettingsError(f"{self.name}: expected a registry that lets images be deleted, found 405")
        if response.status_code not in (200, 202, 204, 404):
            raise self.repository.unexpected("an image deleted", response)

    def remnants(self, kept: list[Held]) -> list[Held]:
        return []  # a registry's own garbage collection removes what no tag leads to

    def parts(self, digest: str) -> set[str]:
        """The digests of the images that the index `digest` names."""
        return {part["digest"] for part in self.document("manifests", digest).get("manifests", [])}

    def document(self, kind: str, digest: str) -> dict[str, Any]:
        response = self.repository.ask("GET", f"{self.repository.base}/{kind}/{digest}")
        document = read_json(response)
        if response.status_code != 200 or not isinstance(document, dict):
            raise self.repository.unexpected(f"the document {digest[:19]}", response)
        return document


def read_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
