"""HTTP to image registries: patient where they are busy, and private but on loopback."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from engine.command_line import WorldError

TIMEOUT = (10, 30)  # seconds to connect, and to wait for an answer
RETRY = Retry(
    total=6,
    connect=3,
    read=2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,  # POST too: what is begun or asked for twice here does no harm
    backoff_factor=0.5,
    backoff_jitter=0.5,
    retry_after_max=60,
)


class RegistrySession:
    """Requests on behalf of the repository `name`; a redirect to another host loses the authorization."""

    def __init__(self, name: str, accept: Iterable[str], at_once: int):
        self._name = name
        self._accept = ", ".join((*accept, "application/json"))
        self._session = Session()
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, HTTPAdapter(pool_maxsize=at_once, max_retries=RETRY))

    def ask(
        self,
        method: str,
        url: str,
        authorization: str | None,
        asked: dict[str, str | None] | None = None,
        body: dict[str, str] | None = None,
    ) -> Response:
        self._expect_private(url)
        headers = {"Accept": self._accept, "Authorization": authorization}
        try:
            response = self._session.request(
                method, url, params=asked, json=body, headers=headers, auth=_as_given, timeout=TIMEOUT
            )
        except (RequestException, ValueError) as error:  # ValueError: of an address that is none
            cause = getattr(error.args[0] if error.args else None, "reason", error)
            host = urlsplit(url).netloc
            raise WorldError(f"{self._name}: expected an answer from {host}, found {cause}") from None
        self._expect_private(response.url)
        return response

    def _expect_private(self, url: str) -> None:
        if not _is_private(url):
            raise WorldError(f"{self._name}: expected it to be reached by https, found {url[:80]!r}")


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
