"""What a repository of ghcr.io holds, and how it is deleted: by GitHub's API, version by version."""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from engine.command_line import SettingsError
from engine.github import api as github_api
from engine.images.image_repository import LOOK_UPS_AT_ONCE, split_name
from engine.images.image_shelves import Held, Registry, known_moment, read_time


class GitHubPackage:
    """A shelf of ghcr.io, where the parts of a deleted image stay as versions with no tag."""

    def __init__(
        self, name: str, environment: Mapping[str, str] = os.environ, registry: Registry | None = None
    ):
        self.name = name
        self._github = github_api.GitHub(environment)
        owner, _, package = split_name(name)[1].partition("/")
        if owner != self._github.repository.partition("/")[0].lower():
            raise SettingsError(f"{name}: expected a package of {self._github.repository}'s owner")
        kind = "orgs" if self._github.get()["owner"]["type"] == "Organization" else "users"
        self._versions = (kind, owner, "packages", "container", package, "versions")
        self._registry = registry or Registry(name, environment)

    def held(self) -> list[Held]:
        return [held for held in self._all() if held.tags]

    def pushed(self, held: Held) -> datetime:
        return known_moment(held)

    def delete(self, held: Held) -> None:
        try:
            self._github.outside.delete(*self._versions, held.number)
        except github_api.NotFound:
            return
        except github_api.Refused as error:
            if "last tagged version" not in str(error):
                raise
            print(f"note: {self.name}: GitHub keeps the last version that has a tag", file=sys.stderr)

    def remnants(self, kept: list[Held]) -> list[Held]:
        untagged = [held for held in self._all() if not held.tags]
        if not untagged:
            return []
        with ThreadPoolExecutor(LOOK_UPS_AT_ONCE) as pool:
            parts = set().union(*pool.map(self._registry.parts, (held.digest for held in kept)))
        return [held for held in untagged if held.digest not in parts]

    def _all(self) -> list[Held]:
        try:
            versions = list(self._github.outside.pages(*self._versions))
        except github_api.NotFound:  # as before the first push
            return []
        return [
            Held(
                tuple(version["metadata"]["container"]["tags"]),
                version["name"],
                read_time(version["updated_at"]),
                version["id"],
            )
            for version in versions
        ]
