"""Docker Hub's own API, as far as images are listed and deleted: it refuses what Docker Hub would."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from engine.tests.standins.http_server import Answer, Request, serving_requests

PAGE = 3


@dataclass
class DockerHubApi:
    """The private repository you/model; tags by name: {"digest", "tag_last_pushed"}."""

    tags: dict[str, dict[str, Any]]
    secrets: dict[str, set[str]]
    """What each access token of the user "you" may do: read, write, delete."""
    url: str = ""
    failures: list[Answer] = field(default_factory=list)
    """What the next requests are answered with, whatever they ask."""
    _sessions: dict[str, set[str]] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        if self.failures:
            return self.failures.pop(0)
        parts = urlsplit(request.path)
        if (request.method, parts.path) == ("POST", "/v2/auth/token"):
            return self._log_in(json.loads(request.body))
        scopes = self._sessions.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        prefix = "/v2/repositories/you/model/tags/"
        if scopes is None or "read" not in scopes or not parts.path.startswith(prefix):
            return _said(404, detail="object not found")
        name = unquote(parts.path.removeprefix(prefix))
        if request.method == "GET" and not name:
            return self._list(parse_qs(parts.query))
        if request.method != "DELETE" or not name.endswith("/"):
            return _said(405, detail="Method not allowed")
        if "delete" not in scopes:
            return _said(403, message="access denied: insufficient scope")
        found = self.tags.pop(name.removesuffix("/"), None)
        return Answer(204) if found else _said(404, message="tag not found")

    def _log_in(self, body: dict[str, str]) -> Answer:
        if set(body) != {"identifier", "secret"}:
            return _said(400, message="bad request")
        if body["identifier"] != "you" or body["secret"] not in self.secrets:
            return _said(401, detail="Incorrect authentication credentials")
        token = uuid.uuid4().hex
        self._sessions[token] = self.secrets[body["secret"]]
        return _said(200, access_token=token)

    def _list(self, query: dict[str, list[str]]) -> Answer:
        page, size = int(query.get("page", ["1"])[0]), int(query.get("page_size", ["10"])[0])
        if size > 100:
            return _said(400, message="page_size")
        found = [{"name": name} | about for name, about in sorted(self.tags.items())]
        following = f"{self.url}/v2/repositories/you/model/tags/?page={page + 1}&page_size={size}"
        shown = found[(page - 1) * PAGE : page * PAGE]
        return _said(
            200, count=len(found), results=shown, next=following if page * PAGE < len(found) else None
        )


@contextmanager
def running_docker_hub_api(tags: dict[str, dict[str, Any]], **secrets: set[str]) -> Iterator[DockerHubApi]:
    api = DockerHubApi(tags, secrets)
    with serving_requests(api.answer) as host:
        api.url = f"http://{host}"
        yield api


def _said(status: int, **document: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
