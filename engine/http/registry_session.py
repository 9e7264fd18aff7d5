"""HTTP to image registries: it retries if they are busy, and requires TLS except on loopback."""

import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError, SSLError, Timeout

from engine.command_line import WorldError
from engine.http import retry

TIMEOUT = (10, 30)  # seconds to connect, and to wait for an answer


class RegistrySession:
    """Requests on behalf of the repository `name`; a redirect to another host loses the authorization."""

    def __init__(self, name: str, accept: Iterable[str], at_once: int):
        self._name = name
        self._accept = ", ".join((*accept, "application/json"))
        self._session = Session()
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, HTTPAdapter(pool_maxsize=at_once))

    def ask(
        self,
        method: str,
        url: str,
        authorization: str | None,
        query: dict[str, str | None] | None = None,
        body: dict[str, str] | None = None,
    ) -> Response:
        """The answer, whatever its status but that of a server which is busy or stumbles again and again."""
        self._expect_private(url)
        headers = {"Accept": self._accept, "Authorization": authorization}
        authority = os.environ.get("SSL_CERT_FILE") or None  # requests itself reads REQUESTS_CA_BUNDLE alone

        def attempt() -> Response:
            try:
                response = self._session.request(
                    method,
                    url,
                    params=query,
                    json=body,
                    headers=headers,
                    auth=_as_given,
                    timeout=TIMEOUT,
                    verify=authority,
                )
            except (RequestException, ValueError) as error:  # ValueError: of an address that is not valid
                raise passing(error, self._unanswered(url, cause_of(error))) from None
            # POST too: what is begun or asked for twice here does no harm.
            if retry.may_pass(response.status_code, repeatable=True):
                unanswered = self._unanswered(url, f"{response.status_code} {response.reason}")
                raise retry.Failed(unanswered, retry.wished_wait(response.headers.get("Retry-After")))
            return response

        response = retry.retried(attempt)
        self._expect_private(response.url)
        return response

    def _unanswered(self, url: str, cause: object) -> WorldError:
        return WorldError(f"{self._name}: expected an answer from {urlsplit(url).netloc}, found {cause}")

    def _expect_private(self, url: str) -> None:
        if not _is_private(url):
            raise WorldError(f"{self._name}: expected it to be reached by https, found {url[:80]!r}")


def passing(error: Exception, failure: WorldError) -> Exception:
    """What to raise for a request that got no answer: one may come later, unless the other is not trusted."""
    passes = (ConnectionError, Timeout, ChunkedEncodingError)
    return retry.Failed(failure) if isinstance(error, passes) and not isinstance(error, SSLError) else failure


def cause_of(error: Exception) -> object:
    """Why a request got no answer, without the layers around it."""
    return getattr(error.args[0] if error.args else None, "reason", error)


def _is_private(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def is_loopback(host: str) -> bool:
    return host == "localhost" or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _as_given(request: PreparedRequest) -> PreparedRequest:
    """Authorization is the caller's to set: with no `auth`, requests would take what ~/.netrc says."""
    return request
