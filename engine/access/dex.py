"""Mode dex: the session of a static user, as Dex gives it to browsers; Kubeflow 1.7 to now."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests

from engine.access.entrance import Entrance, Environment
from engine.access.refusals import DiagnosedError, Diagnosis, diagnose
from engine.access.tokens import Clock
from engine.command_line import SettingsError

TIMEOUT = (10, 30)  # seconds to connect, and to wait for an answer
LIFE = 12 * 3600  # seconds after which a session is replaced; it lives twice as long
COOKIES = ("oauth2_proxy_kubeflow", "authservice_session")
"""The session's: of Kubeflow 1.9 and newer, and before."""


class RejectedError(DiagnosedError):
    """Dex answered, and did not accept this user."""


@contextmanager
def enter(host: str, environment: Environment) -> Iterator[Entrance]:
    user, password = (environment.get(f"KUBEFLOW_{name}", "") for name in ("USERNAME", "PASSWORD"))
    if not (user and password):
        raise SettingsError("KUBEFLOW_USERNAME, KUBEFLOW_PASSWORD: expected both with mode dex, found less")
    yield Entrance(host, DexSession(host, user, password))


class DexSession:
    """A session that is begun again before it ends, or when it is refused."""

    def __init__(self, host: str, user: str, password: str):
        self._host, self._user, self._password = host, user, password
        self._cookies, self._ends_at = "", 0.0

    def headers(self) -> dict[str, str]:
        if not self._cookies or Clock.now() >= self._ends_at:
            self._cookies = log_in(self._host, self._user, self._password)
            self._ends_at = Clock.now() + LIFE
        return {"Cookie": self._cookies}

    def renew(self) -> bool:
        self._cookies = ""
        return True


def log_in(host: str, user: str, password: str) -> str:
    """The session's cookies, as one header."""
    try:
        with requests.Session() as browser:
            # requests itself reads REQUESTS_CA_BUNDLE alone.
            browser.verify = os.environ.get("SSL_CERT_FILE") or True
            form = _form(browser, f"{urlsplit(host).scheme}://{urlsplit(host).netloc}/")
            if form is None:
                raise RejectedError("Dex", _diagnosis(user, "no login page"))
            answer = browser.post(form, data={"login": user, "password": password}, timeout=TIMEOUT)
            if not answer.history:
                raise RejectedError("Dex", _diagnosis(user, "user or password rejected"))
            if urlsplit(answer.url).path.endswith("/approval"):
                browser.post(answer.url, data={"approval": "approve"}, timeout=TIMEOUT)
            cookies = {cookie.name: cookie.value for cookie in browser.cookies}
    except requests.RequestException as error:
        raise DiagnosedError("Dex", _diagnosis(user, type(error).__name__)) from None
    session = [f"{name}={value}" for name, value in cookies.items() if name.startswith(COOKIES)]
    if not session:
        raise DiagnosedError("Dex", _diagnosis(user, "no session cookie"))
    return "; ".join(session)


def _form(browser: requests.Session, root: str) -> str | None:
    """The address that takes user and password; None if no login is required."""
    page = browser.get(root, timeout=TIMEOUT)
    if page.status_code >= 500:
        page.raise_for_status()
    if page.status_code in (401, 403):  # oauth2-proxy's own page, with a button
        page = browser.get(urljoin(root, "oauth2/start"), params={"rd": "/"}, timeout=TIMEOUT)
    parts = urlsplit(page.url)
    if "/auth" not in parts.path:
        return None
    if parts.path.endswith("/auth"):  # a choice of connectors
        local = parts._replace(path=f"{parts.path}/local").geturl()
        page = browser.get(local, timeout=TIMEOUT)
    return page.url


def _diagnosis(user: str, reason: str) -> Diagnosis:
    return diagnose("dex-login", user=user, found=reason)
