"""Stands in for GitHub's issuer of OIDC tokens: real keys, discovery and JWKS over TLS on loopback."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from engine.tests.standins.authority import Issued
from engine.tests.standins.http_server import Answer, Request, serving_requests

KEY_ID = "the-key-of-today"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    url: str = ""

    def token(self, claims: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> str:
        """A token with these claims, signed by the issuer's key or by another."""
        now = int(time.time())
        payload = {"iss": self.url, "iat": now, "nbf": now, "exp": now + 300} | claims
        parts = ({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}, payload)
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"

    def answer(self, request: Request) -> Answer:
        documents = {"/.well-known/openid-configuration": self._discovery(), "/jwks": self._keys()}
        if request.path not in documents:
            return Answer(404)
        body = json.dumps(documents[request.path]).encode()
        return Answer(200, {"Content-Type": "application/json"}, body)

    def _discovery(self) -> dict[str, Any]:
        algorithms = {"id_token_signing_alg_values_supported": ["RS256"]}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | algorithms

    def _keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID}
        return {"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]}


@contextmanager
def running_issuer(certificate: Path) -> Iterator[Issuer]:
    issuer = Issuer()
    with serving_requests(issuer.answer, Issued(certificate).context()) as host:
        issuer.url = f"https://{host}"
        yield issuer


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))
