"""Mode github-oidc: tokens that GitHub signs for this job, each for five minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import requests

from engine.access.entrance import Entrance, Environment, audience
from engine.access.refusals import DiagnosedError, diagnose
from engine.access.tokens import MintedToken, bearer
from engine.http import retry

TIMEOUT = (10, 30)  # seconds to connect, and to wait for an answer
WHERE = "GitHub"


@contextmanager
def enter(host: str, environment: Environment) -> Iterator[Entrance]:
    url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    secret = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not (url and secret):
        raise DiagnosedError(WHERE, diagnose("oidc-variables"))
    wanted = audience(environment)
    yield Entrance(host, MintedToken(lambda: mint(url, secret, wanted)))


def mint(url: str, secret: str, wanted: str) -> str:
    """A token of this job for the audience `wanted`."""
    separator = "&" if "?" in url else "?"
    return retry.retried(lambda: _asked(f"{url}{separator}audience={quote(wanted, safe='')}", secret, wanted))


def _asked(url: str, secret: str, wanted: str) -> str:
    try:
        answer = requests.get(url, headers=bearer(secret), timeout=TIMEOUT, auth=_as_given)
    except requests.RequestException as error:
        raise retry.Failed(_refused(wanted, type(error).__name__)) from None
    if retry.may_pass(answer.status_code, repeatable=True):
        raise retry.Failed(_refused(wanted, answer.status_code))
    try:
        return str(answer.json()["value"])
    except (ValueError, LookupError, TypeError):
        raise _refused(wanted, answer.status_code) from None


def _refused(wanted: str, reason: object) -> DiagnosedError:
    return DiagnosedError(WHERE, diagnose("oidc-issuer", audience=wanted, found=reason))


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """With no `auth`, requests would take what ~/.netrc says."""
    return request
