"""An OIDC provider on loopback with real keys: GitHub's tokens of a job, and a login like Dex's."""

import base64
import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from engine.tests.standins.http_server import Answer, Request, serving_requests

SUBJECT = "repo:you@1/flight-delays@2:environment:staging"
REPOSITORY_ID = "2"
REQUEST_TOKEN = "a-token-of-the-job"
USER, PASSWORD = "user@example.com", "a password of our own"
CLIENT, CLIENT_SECRET = "kubeflow-oidc-authservice", "a-secret-of-the-client"
FORM = b"<html><form method=post><input name=login><input name=password type=password></form></html>"


@dataclass
class OidcProvider:
    """`now` tells the time, `life` is that of a token in seconds; a test may set both."""

    issuer: str = ""
    now: Callable[[], float] = time.time
    life: int = 300
    minted: list[str] = field(default_factory=list)
    password: str = PASSWORD
    statuses: list[int] = field(default_factory=list)
    """What the next requests for a token are answered with, instead."""
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What GitHub gives a job that may have its token."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.issuer}/github?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }

    def sign(self, **claims: Any) -> str:
        now = int(self.now())
        known = {"iss": self.issuer, "sub": SUBJECT, "repository_id": REPOSITORY_ID, "iat": now, "nbf": now}
        known |= {"exp": now + self.life, "jti": uuid.uuid4().hex} | claims
        signed = f"{_encoded({'alg': 'RS256', 'kid': '1', 'typ': 'JWT'})}.{_encoded(known)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    def verify(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token of ours; ValueError says in Istio's words what is wrong with it."""
        try:
            header, payload, signature = token.split(".")
            claims = json.loads(_bytes(payload))
        except ValueError:
            raise ValueError("Jwt is not in the form of Header.Payload.Signature with two dots") from None
        try:
            signed = f"{header}.{payload}".encode()
            self._key.public_key().verify(_bytes(signature), signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise ValueError("Jwt verification fails") from None
        if claims["exp"] <= self.now():
            raise ValueError("Jwt is expired")
        if claims["aud"] != audience:
            raise ValueError("Audiences in Jwt are not allowed")
        return claims

    def answer(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        routes: dict[str, Callable[[Request, dict[str, str]], Answer]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": self._keys,
            "/github": self._github,
            "/auth": self._forward,
            "/auth/local": self._forward,
            "/auth/local/login": self._login,
            "/token": self._exchange,
        }
        return routes[url.path](request, query) if url.path in routes else Answer(404)

    def _discovery(self, request: Request, query: dict[str, str]) -> Answer:
        return _json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def _keys(self, request: Request, query: dict[str, str]) -> Answer:
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1"}
        return _json({"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]})

    def _github(self, request: Request, query: dict[str, str]) -> Answer:
        if self.statuses:
            return Answer(self.statuses.pop(0))
        if request.headers.get("Authorization") != f"Bearer {REQUEST_TOKEN}":
            return Answer(401)
        self.minted.append(self.sign(aud=query["audience"]))
        return _json({"value": self.minted[-1]})

    def _forward(self, request: Request, query: dict[str, str]) -> Answer:
        """Dex has one connector, whose form it leads to in two steps."""
        path = "/auth/local/login" if request.path.startswith("/auth/local") else "/auth/local"
        return Answer(302, {"Location": f"{path}?{urlencode(query)}"})

    def _login(self, request: Request, query: dict[str, str]) -> Answer:
        sent = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.method != "POST" or (sent.get("login"), sent.get("password")) != (USER, self.password):
            return Answer(200, {"Content-Type": "text/html"}, FORM)
        code = uuid.uuid4().hex
        self._codes[code] = query
        target = urlencode({"code": code, "state": query["state"]})
        return Answer(303, {"Location": f"{query['redirect_uri']}?{target}"})

    def _exchange(self, request: Request, query: dict[str, str]) -> Answer:
        sent = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        asked = self._codes.pop(sent["code"])
        claims = {"aud": CLIENT, "sub": USER, "email": USER, "email_verified": True}
        token = self.sign(**claims, **({"nonce": asked["nonce"]} if "nonce" in asked else {}))
        return _json({"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": 300})


@contextmanager
def running_provider(context: ssl.SSLContext | None = None) -> Iterator[OidcProvider]:
    """A provider that answers over TLS if it has a `context`."""
    provider = OidcProvider()
    with serving_requests(provider.answer, context) as host:
        provider.issuer = f"{'https' if context else 'http'}://{host}"
        yield provider


def _json(document: Mapping[str, Any]) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(document).encode())


def _encoded(document: Mapping[str, Any]) -> str:
    return _base64(json.dumps(document).encode())


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
