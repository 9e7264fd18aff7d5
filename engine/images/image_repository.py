"""Asks an image repository which tags it has and what one may do there, over the OCI distribution API."""

import base64
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests import Response

from engine.command_line import SettingsError, WorldError
from engine.http.registry_session import RegistrySession, is_loopback
from engine.images.image_credentials import credentials

LOOK_UPS_AT_ONCE = 16
TAGS_A_PAGE = 1000
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")
PATH = re.compile(r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
PARAMETER = re.compile(r'(\w+)="([^"]*)"')
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class DeniedError(WorldError):
    """No such repository, or none that may be read: registries do not tell one from the other."""


class ImageRepository:
    """The repository `name`, read as whom `environment` has credentials for, else without a login."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ):
        host, path = split_name(name)
        self.name = name
        self._host = "registry-1.docker.io" if host == "docker.io" else host
        scheme = "http" if is_loopback(host.partition(":")[0]) else "https"
        self.base = f"{scheme}://{self._host}/v2/{path}"
        self._path = path
        self._credentials = credentials(host, environment)
        self._authorizations: dict[str, str | None] = {}
        self._authenticating = threading.Lock()
        self._session = RegistrySession(name, MANIFESTS, LOOK_UPS_AT_ONCE)

    def digests(self, tags: Iterable[str]) -> dict[str, str]:
        """The digests of those of `tags` that the repository has; DeniedError if it cannot be read."""
        tags = list(tags)
        digests = [self.digest(tag) for tag in tags[:1]]  # alone: one look-up fetches the token for all
        with ThreadPoolExecutor(LOOK_UPS_AT_ONCE) as pool:
            digests += pool.map(self.digest, tags[1:])
        return {tag: digest for tag, digest in zip(tags, digests, strict=True) if digest}

    def digest(self, tag: str) -> str | None:
        """The digest of the manifest that `tag` names; None if there is no such tag."""
        if not TAG.fullmatch(tag):
            raise SettingsError(f"{self.name}: expected a tag of 128 characters at most, found {tag!r}")
        response = self.ask("HEAD", f"{self.base}/manifests/{tag}")
        kind = _kind(response)
        digest = response.headers.get("Docker-Content-Digest", "")
        if response.status_code == 404 and kind != "text/html":
            return None
        if response.status_code == 200 and kind in MANIFESTS and DIGEST.fullmatch(digest):
            return digest
        raise self.unexpected("a manifest's digest, or 404 for none", response)

    def tags(self) -> Iterator[str]:
        """All tags of the repository, page by page; none before the first push."""
        url = f"{self.base}/tags/list?n={TAGS_A_PAGE}"
        while url:
            response = self.ask("GET", url)
            if response.status_code == 404 and _kind(response) != "text/html":
                return
            document = read_json(response)
            if response.status_code != 200 or not isinstance(document, dict) or "tags" not in document:
                raise self.unexpected("a list of tags", response)
            yield from document["tags"] or []
            following = response.links.get("next", {}).get("url", "")
            url = following and urljoin(response.url, following)
            if url and not url.startswith(f"{self.base}/"):  # which would be sent our credentials
                raise WorldError(f"{self.name}: expected the next page below it, found {url[:80]!r}")

    def can_push(self) -> bool:
        """Whether an image may be pushed here; WorldError if the credentials themselves are refused.

        A token says nothing that a client may read, so an upload is begun, and cancelled.
        """
        try:
            response = self.ask("POST", f"{self.base}/blobs/uploads/", actions="pull,push")
        except DeniedError:
            return False
        if response.status_code == 404:  # if a repository must be created before the first push
            return False
        if response.status_code != 202:
            raise self.unexpected("an upload to begin", response)
        upload = urljoin(response.url, response.headers.get("Location", ""))
        if urlsplit(upload).netloc == self._host:
            with suppress(DeniedError):  # who may push need not delete; an upload left open expires
                self.ask("DELETE", upload, actions="delete")
        return True

    def ask(self, method: str, url: str, actions: str = "pull") -> Response:
        """The answer to one who may do `actions` in this repository; DeniedError if we may not."""
        used = self._authorizations.get(actions)
        response = self._session.ask(method, url, used)
        # A host that the registry redirects to may not ask for the registry's credentials.
        if response.status_code == 401 and urlsplit(response.url).netloc == self._host:
            with self._authenticating:
                if self._authorizations.get(actions) == used:
                    challenge = response.headers.get("WWW-Authenticate", "")
                    self._authorizations[actions] = self._answer(challenge, actions)
            response = self._session.ask(method, url, self._authorizations[actions])
        sent = self._authorizations.get(actions)
        if response.status_code == 401 and self._credentials and sent == self._basic():
            raise self.unexpected("its credentials accepted", response)
        if response.status_code in (401, 403):
            raise self._denied(actions)
        return response

    def _answer(self, challenge: str, actions: str) -> str:
        """The authorization that a registry's challenge asks for."""
        scheme, _, words = challenge.partition(" ")
        if scheme.lower() == "bearer":
            return f"Bearer {self._token(dict(PARAMETER.findall(words)), actions)}"
        if scheme.lower() != "basic":
            raise WorldError(f"{self.name}: expected a Bearer or Basic challenge, found {challenge[:60]!r}")
        return self._basic() or ""

    def _token(self, challenge: dict[str, str], actions: str) -> str:
        query = {"service": challenge.get("service"), "scope": f"repository:{self._path}:{actions}"}
        response = self._session.ask("GET", challenge.get("realm", ""), self._basic(), query)
        if response.status_code == 401 and self._credentials:
            raise self.unexpected("its credentials accepted", response)
        if response.status_code in (401, 403):
            raise self._denied(actions)
        try:
            document = response.json() if response.ok else {}
            token: str = document.get("token") or document["access_token"]
            if re.fullmatch(r"[!-~]+", token):
                return token
        except (ValueError, LookupError, TypeError, AttributeError):
            pass
        raise self.unexpected("a token", response)

    def _basic(self) -> str | None:
        if not self._credentials:
            return None
        return f"Basic {base64.b64encode(':'.join(self._credentials).encode()).decode()}"

    def _denied(self, actions: str) -> DeniedError:
        who = "its credentials" if self._credentials else "no credentials"
        deed = {"pull": "read it", "pull,push": "push to it", "delete": "delete in it"}[actions]
        return DeniedError(
            f"{self.name}: expected to {deed} with {who}, found no access or no such repository"
        )

    def unexpected(self, expected: str, response: Response) -> WorldError:
        kind = response.headers.get("Content-Type", "no Content-Type")
        actual = f"{response.status_code} ({kind}) from {urlsplit(response.url).netloc}"
        return WorldError(f"{self.name}: expected {expected}, found {actual}")


def read_json(response: Response) -> Any:
    """The document of an answer, whatever it is; None if it is no JSON."""
    try:
        return response.json()
    except ValueError:
        return None


def _kind(response: Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip()


def split_name(name: str) -> tuple[str, str]:
    """Host and path of an image repository; a name with no host is one of Docker Hub."""
    first, slash, rest = name.partition("/")
    has_host = slash and (first == "localhost" or "." in first or ":" in first)
    host, path = (first, rest) if has_host else ("docker.io", name)
    if not HOST.fullmatch(host) or not PATH.fullmatch(path) or len(name) > 255:
        raise SettingsError(f"{name}: expected an image repository with no tag, as docker.io/you/your-model")
    return host, path if "/" in path or host != "docker.io" else f"library/{path}"
