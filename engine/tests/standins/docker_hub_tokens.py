"""Docker Hub's token service: signs what a real registry verifies, and refuses what Docker Hub would."""

import base64
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from engine.tests.standins.http_server import Answer, serving

ISSUER, SERVICE = "auth.docker.io", "registry.docker.io"


@dataclass
class TokenService:
    users: dict[str, str]
    public: set[str]
    """Paths of repositories that are public."""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    asked_as: list[str | None] = field(default_factory=list)
    """Who asked for each token."""
    realm: str = ""

    def auth(self, folder: Path) -> dict[str, Any]:
        """A registry's `auth` that believes this service."""
        bundle = folder / "tokens.pem"
        bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return {
            "token": {
                "realm": self.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(bundle),
            }
        }

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ISSUER)])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def answer(self, url: str, authorization: str | None) -> tuple[int, dict[str, Any]]:
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        if urlsplit(url).path != "/token" or asked.get("service") != SERVICE:
            return 400, {"details": "invalid service"}
        user = None
        if authorization is not None:
            user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            if self.users.get(user) != password:
                return 401, {"details": "incorrect username or password"}
        self.asked_as.append(user)
        # As the real one: everybody gets a token, be it one that opens nothing.
        kind, path, actions = asked.get("scope", "::").split(":")
        everything = {"pull", "push", "delete"} if path.partition("/")[0] == user else set()
        allowed = everything | ({"pull"} if path in self.public else set())
        granted = [action for action in actions.split(",") if action in allowed]
        access = [{"type": kind, "name": path, "actions": granted}] if granted else []
        return 200, {"token": self._signed(access), "expires_in": 300}

    def _signed(self, access: list[dict[str, Any]]) -> str:
        certificate = self.certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(certificate).decode()]}
        now = int(time.time())
        times = {"iat": now, "nbf": now - 10, "exp": now + 300}
        claims = {"iss": ISSUER, "sub": "", "aud": SERVICE, "jti": uuid.uuid4().hex, "access": access}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims | times))
        numbers = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_base64url(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


@contextmanager
def running_token_service(users: dict[str, str], public: set[str]) -> Iterator[TokenService]:
    service = TokenService(users, public)

    def answer(path: str, headers: Mapping[str, str]) -> Answer:
        status, document = service.answer(path, headers.get("Authorization"))
        return Answer(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    with serving(answer) as host:
        service.realm = f"http://{host}/token"
        yield service


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
