"""What a repository of Docker Hub holds, and how it is deleted: by Docker Hub's own API, tag by tag."""

import os
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from requests import Response

from engine.command_line import SettingsError, WorldError
from engine.http.registry_session import RegistrySession
from engine.images.image_credentials import credentials
from engine.images.image_repository import LOOK_UPS_AT_ONCE, read_json, split_name
from engine.images.image_shelves import Held, known_moment, read_time

API = "https://hub.docker.com"


class DockerHub:
    """A shelf of Docker Hub, whose registry itself deletes nothing."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ, api: str = API):
        host, path = split_name(name)
        self.name, self._api = name, api
        self._tags = f"{api}/v2/repositories/{path}/tags/"
        self._credentials = credentials(host, environment)
        self._session = RegistrySession(name, (), LOOK_UPS_AT_ONCE)
        self._authorization: str | None = None

    def held(self) -> list[Held]:
        tags, url = [], f"{self._tags}?page_size=100"
        while url:
            response = self._ask("GET", url)
            if response.status_code == 404:
                return []
            page = read_json(response)
            try:
                for tag in page["results"]:
                    pushed = tag.get("tag_last_pushed") or tag["last_updated"]
                    tags.append(Held((tag["name"],), tag.get("digest") or "", read_time(pushed)))
                url = page["next"]
            except (LookupError, TypeError, ValueError):
                raise self._unexpected("a list of tags", response) from None
            if url and not url.startswith(self._tags):
                raise WorldError(f"{self.name}: expected the next page below it, found {url[:80]!r}")
        return tags

    def pushed(self, held: Held) -> datetime:
        return known_moment(held)

    def delete(self, held: Held) -> None:
        response = self._ask("DELETE", f"{self._tags}{quote(held.tags[0], safe='')}/")
        if response.status_code in (401, 403):
            expected = "DOCKERHUB_TOKEN to be one that may Read, Write, Delete"
            raise SettingsError(f"{self.name}: expected {expected}, found {response.status_code}")
        if response.status_code not in (200, 202, 204, 404):
            raise self._unexpected("a tag deleted", response)

    def remnants(self, kept: list[Held]) -> list[Held]:
        return []  # as Docker Hub shows none

    def _ask(self, method: str, url: str) -> Response:
        if not self._authorization:
            self._authorization = f"Bearer {self._log_in()}"
        return self._session.ask(method, url, self._authorization)

    def _log_in(self) -> str:
        if not self._credentials:
            raise SettingsError(f"{self.name}: expected DOCKERHUB_USERNAME and DOCKERHUB_TOKEN, found none")
        user, token = self._credentials
        body = {"identifier": user, "secret": token}
        response = self._session.ask("POST", f"{self._api}/v2/auth/token", None, body=body)
        document = read_json(response)
        if response.status_code != 200 or not isinstance(document, dict) or not document.get("access_token"):
            raise self._unexpected("its credentials accepted", response)
        return str(document["access_token"])

    def _unexpected(self, expected: str, response: Response) -> WorldError:
        return WorldError(f"{self.name}: expected {expected}, found {response.status_code} from {self._api}")
