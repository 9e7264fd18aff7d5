"""Bearer tokens: what they say of themselves, and new ones before they expire."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from engine.command_line import WorldError

MARGIN = 60  # seconds before its end at which a token is replaced, at least
MARGIN_SHARE = 0.2  # of its life
SHOWN = ("iss", "sub", "aud", "repository_id")


class Clock:
    """The time of day in seconds, which a test may move."""

    now = staticmethod(time.time)


class Credential(Protocol):
    """What lets requests in. Its headers are asked for at each request."""

    def headers(self) -> Mapping[str, str]: ...

    def renew(self) -> bool:
        """Forget what was refused; whether another one can be had."""


class NoCredential:
    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        return False


class GivenToken:
    """A token from outside, which nothing here can replace."""

    def __init__(self, token: str):
        self._token = token

    def headers(self) -> Mapping[str, str]:
        return bearer(self._token)

    def renew(self) -> bool:
        return False


class MintedToken:
    """A token that `mint` makes, again and again, however long a run is waited for.

    Its life is counted from the moment of minting, so that a clock here which is wrong does no harm.
    """

    def __init__(self, mint: Callable[[], str], life: float | None = None):
        self._mint, self._life = mint, life
        self._token, self._replaced_at, self._ends_at = "", 0.0, 0.0

    def headers(self) -> Mapping[str, str]:
        if not self._token or Clock.now() >= self._replaced_at:
            self._replace()
        return bearer(self._token)

    def renew(self) -> bool:
        self._token = ""
        return True

    def _replace(self) -> None:
        now = Clock.now()
        try:
            token = self._mint()
        except WorldError:
            if self._token and now < self._ends_at:  # the one at hand is good for a while
                return
            raise
        life = self._life or _life(token)
        self._token = token
        self._replaced_at, self._ends_at = now + life - max(MARGIN, MARGIN_SHARE * life), now + life


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims(token: str) -> dict[str, Any]:
    """What a JWT says, unchecked; nothing for a token of another form."""
    try:
        payload = token.split(".")[1]
        document = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def sent_claims(headers: Mapping[str, str]) -> dict[str, Any]:
    """The claims of the token in a request's headers."""
    return claims(headers.get("Authorization", "").removeprefix("Bearer "))


def described(known: Mapping[str, Any]) -> str:
    """Claims as a person may see them, and never the token itself."""
    parts = [f"{name} {_text(known[name])}" for name in SHOWN if name in known]
    if "exp" in known:
        parts.append(f"expires {moment(known['exp'])}")
    return ", ".join(parts) or "a token that is no JWT"


def moment(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError):
        return "an unknown time"


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _life(token: str) -> float:
    """Seconds that a token lives, by its own claims; one that states none is made again each time."""
    known = claims(token)
    try:
        return max(0.0, float(known["exp"]) - float(known.get("iat", Clock.now())))
    except (LookupError, TypeError, ValueError):
        return 0.0
