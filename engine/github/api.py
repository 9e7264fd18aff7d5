"""A client of GitHub's REST API that waits its turn, and takes an answer only for what it is."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, urlsplit

from requests import PreparedRequest, RequestException, Response, Session

from engine.command_line import SettingsError, WorldError
from engine.http import retry
from engine.http.registry_session import cause_of, is_loopback, passing
from engine.wording.text import printable

TIMEOUT = (10, 30)  # seconds to connect, and to wait for an answer
PER_PAGE = 100
VERSION = "2022-11-28"
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


class Refused(WorldError):  # noqa: N818 - an answer, which a caller may have expected
    """GitHub understood and said no; `code` is its HTTP status."""

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


class NotFound(Refused):
    """There is no such thing, or none that this token may see."""


class GitHub:
    """The API below /repos/<owner>/<name>. Each piece of a path is quoted, so that any text may be one."""

    def __init__(self, environment: Mapping[str, str] = os.environ, waits: Sequence[float] = retry.WAITS):
        self.repository = environment.get("GITHUB_REPOSITORY", "")
        token = environment.get("GITHUB_TOKEN", "")
        if not REPOSITORY.fullmatch(self.repository):
            raise SettingsError(f"GITHUB_REPOSITORY: expected <owner>/<name>, found {self.repository[:80]!r}")
        if not re.fullmatch(r"[!-~]+", token):
            raise SettingsError("GITHUB_TOKEN: expected a token, found none; give the step github.token")
        self._root = (environment.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
        _expect_private(self._root)
        self._base: tuple[str, ...] = ("repos", *self.repository.split("/"))
        self._waits = waits
        self._session = Session()
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
                "X-GitHub-Api-Version": VERSION,
            }
        )

    @property
    def outside(self) -> Self:
        """The same API, its paths from the root: for what belongs to no repository."""
        other = object.__new__(type(self))
        other.__dict__ = self.__dict__ | {"_base": ()}
        return other

    def get(self, *pieces: str | int, **query: str | int) -> Any:
        return self._document(self._ask("GET", self._url(pieces), params=query))

    def pages(self, *pieces: str | int, inside: str = "", **query: str | int) -> Iterator[Any]:
        """All entries of a list, objects; `inside` names the list if the answer is an object around it."""
        url, params = self._url(pieces), {"per_page": PER_PAGE, **query}
        while url:
            answer = self._ask("GET", url, params=params)
            document = self._document(answer)
            entries = document.get(inside) if inside and isinstance(document, dict) else document
            if not isinstance(entries, list):
                raise self._unexpected(answer, f"a list{f' of {inside}' if inside else ''}")
            yield from entries
            url, params = answer.links.get("next", {}).get("url", ""), {}

    def post(self, *pieces: str | int, body: Mapping[str, Any] | None = None) -> Any:
        return self._document(self._ask("POST", self._url(pieces), json=body))

    def patch(self, *pieces: str | int, body: Mapping[str, Any]) -> Any:
        return self._document(self._ask("PATCH", self._url(pieces), json=body))

    def put(self, *pieces: str | int, body: Mapping[str, Any] | None = None) -> Any:
        return self._document(self._ask("PUT", self._url(pieces), json=body))

    def delete(self, *pieces: str | int) -> None:
        self._ask("DELETE", self._url(pieces))

    def _url(self, pieces: Sequence[str | int]) -> str:
        quoted = [quote(str(piece), safe="") for piece in (*self._base, *pieces)]
        if {"", ".", ".."} & {*quoted}:
            raise SettingsError(f"expected pieces of a path, found {pieces}")
        return "/".join((self._root, *quoted))

    def _ask(self, method: str, url: str, **options: Any) -> Response:
        if urlsplit(url)[:2] != urlsplit(self._root)[:2]:  # a next page elsewhere would be given the token
            raise WorldError(f"GitHub: expected to stay at {self._root}, found {url[:80]}")

        def attempt() -> Response:
            try:
                answer = self._session.request(method, url, auth=_as_given, timeout=TIMEOUT, **options)
            except RequestException as error:
                failure = WorldError(f"{method} {url}: expected an answer, found {cause_of(error)}")
                raise failure if method == "POST" else passing(error, failure) from None  # not a POST twice
            if answer.ok:
                return answer
            if not _may_pass(answer, method):
                raise self._refused(answer)
            wait = _wished_wait(answer)
            too_long = wait is not None and wait > retry.LONGEST_WAIT
            hint = f"; it asks to wait {wait / 60:.0f} minutes" if wait and too_long else ""
            raise retry.Failed(self._refused(answer, hint), wait)

        return retry.retried(attempt, self._waits)

    def _document(self, answer: Response) -> Any:
        """An object or a list; None if there is nothing to say."""
        if answer.status_code != 200 and not answer.content:
            return None
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict | list):
            raise self._unexpected(answer, "a JSON document")
        return document

    def _unexpected(self, answer: Response, expected: str) -> WorldError:
        kind = answer.headers.get("Content-Type", "no type")
        return WorldError(f"{_asked(answer)}: expected {expected}, found {answer.status_code} of {kind}")

    def _refused(self, answer: Response, hint: str = "") -> Refused:
        try:
            refusal = answer.json()
            errors = [str(each.get("message") or each.get("code")) for each in refusal.get("errors") or []]
            message = ": ".join([str(refusal["message"]), ", ".join(errors)]).removesuffix(": ")
        except (ValueError, AttributeError, LookupError, TypeError):
            message = answer.reason
        needed = answer.headers.get("X-Accepted-GitHub-Permissions")
        if answer.status_code == 401:
            hint = "; give a GITHUB_TOKEN that is valid"
        elif answer.status_code == 403 and needed and not hint:
            hint = f"; grant the job {needed.replace('_', '-').replace('=', ': ')}"
        kind = NotFound if answer.status_code == 404 else Refused
        shown = printable(" ".join(message.split()))[:300]
        return kind(
            f"{_asked(answer)}: expected success, found {answer.status_code} {shown}{hint}",
            answer.status_code,
        )


def _asked(answer: Response) -> str:
    return f"GitHub: {answer.request.method} {urlsplit(answer.url).path}"


def _may_pass(answer: Response, method: str) -> bool:
    """Whether to try again. What creates something is sent twice only if the first had no effect for sure."""
    if answer.status_code == 403:  # of a permission, or of a rate limit
        limited = answer.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in answer.headers
        return limited or "rate limit" in answer.text.lower()
    return retry.may_pass(answer.status_code, repeatable=method != "POST")


def _wished_wait(answer: Response) -> float | None:
    if (wish := retry.wished_wait(answer.headers.get("Retry-After"))) is not None:
        return wish
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if answer.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
        return max(0.0, int(reset) - time.time())
    return retry.LONGEST_WAIT if "secondary rate limit" in answer.text.lower() else None


def _expect_private(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise SettingsError(f"GITHUB_API_URL: expected an https:// URL, found {url[:80]!r}")


def _as_given(request: PreparedRequest) -> PreparedRequest:
    """Authorization is ours to set: with no `auth`, requests would take what ~/.netrc says."""
    return request
