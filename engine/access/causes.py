"""Which refusal of the table an error or an answer on the way to an endpoint is."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from engine.access.refusals import Diagnosis, diagnose
from engine.access.tokens import Clock, moment, sent_claims

TLS = {
    r"certificate has expired": "tls-expired",
    r"certificate is not yet valid": "tls-early",
    r"Hostname mismatch|IP address mismatch|doesn't match": "tls-name",
    r"self-signed certificate(?! in certificate chain)": "tls-self-signed",
    r"unable to get local issuer|self-signed certificate in certificate chain": "tls-authority",
    r"WRONG_VERSION_NUMBER|record layer failure|HTTP_REQUEST": "tls-plain",
    r"UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|NO_PROTOCOLS_AVAILABLE": "tls-old",
}
"""What OpenSSL says of a connection that it does not trust."""
UNAUTHENTICATED = {
    r"Jwt is expired": "token-expired",
    r"Jwt issuer is not configured": "token-issuer",
    r"Jwks|verification fails|signature": "token-key",
    r"Jwt is missing": "no-token",
    r"Jwt is not in the form|Jwt header|Jwt payload": "token-form",
    r"user identity header": "no-identity",
}
"""What Istio's gateway and Kubeflow Pipelines say of a request whose sender they do not know."""
FORBIDDEN = {
    r"Audiences in Jwt": "audience",
    r"RBAC: access denied": "gateway-policy",
    r"not authorized|PermissionDenied": "rights",
}
RIGHT = re.compile(r"(Namespace|Verb|Resource):\s*([\w-]+)")


def cause_of_silence(error: Exception, url: str, seconds: tuple[float, float]) -> Diagnosis | None:
    """Why there is no answer; None for an error that the table does not have.

    `seconds` are those to connect, and to wait for an answer.
    """
    reason = error.reason if isinstance(error, MaxRetryError) else error
    parts = urlsplit(url)
    facts = {"host": parts.hostname or "", "port": parts.port or (443 if parts.scheme == "https" else 80)}
    match reason:
        case ProxyError():
            return _of_proxy(reason, facts)
        case NameResolutionError():
            return diagnose("dns", **facts)
        case ConnectTimeoutError() if not isinstance(reason, NewConnectionError):
            return diagnose("black-hole", **facts, seconds=f"{seconds[0]:g}")
        case NewConnectionError():
            return diagnose("refused-connection", **facts) if "refused" in str(reason) else None
        case ReadTimeoutError():
            return diagnose("silent", **facts, seconds=f"{seconds[1]:g}")
        case SSLError():
            return cause_of_distrust(str(reason), url)
        case ProtocolError():
            return diagnose("dropped", **facts)
    return None


def cause_of_distrust(text: str, url: str) -> Diagnosis:
    """Which TLS error this is; `text` is OpenSSL's, within what libraries have put around it."""
    parts = urlsplit(url)
    match = re.search(r"\[SSL[^\]]*\]\s*([^\n]*?)\s*\(_ssl", text)
    cause = match[1] if match else " ".join(text.split())[-200:]
    name = _first(TLS, text) or "tls"
    return diagnose(name, host=parts.hostname, port=parts.port or 443, cause=cause)


def cause_of_refusal(
    status: int, body: bytes | str | None, location: str, headers: Mapping[str, str]
) -> Diagnosis | None:
    """Why the server refused; `headers` are those that were sent. None for any other answer."""
    text = _text(body)
    detail = f": {message}" if (message := message_of(text)) else ""
    if 300 <= status < 400:
        return diagnose("redirect", target=location or "elsewhere")
    if status == 401:
        return _unauthenticated(text, detail, headers)
    if status == 403:
        return _forbidden(text, detail, headers)
    return None


def message_of(body: bytes | str | None) -> str:
    """What the server says in its JSON, or in a short line of text."""
    text = _text(body)
    try:
        document = json.loads(text or "")
        message = document.get("message") or document.get("error_message") or document.get("error") or ""
    except (ValueError, AttributeError):
        message = text if "\n" not in text.strip() and "<" not in text else ""
    return " ".join(str(message).split())[:500]


def _of_proxy(error: ProxyError, facts: Mapping[str, Any]) -> Diagnosis:
    text = f"{error} {error.original_error}"
    proxy = re.search(r"host='([^']+)', port=(\d+)", text)
    address = f"{proxy[1]}:{proxy[2]}" if proxy else "in HTTPS_PROXY"
    if "407" in text:
        return diagnose("proxy-login", **facts, proxy=address)
    cause = str(error.original_error).rpartition("] ")[2] or "no connection"
    return diagnose("proxy", **facts, proxy=address, cause=cause)


def _unauthenticated(text: str, detail: str, headers: Mapping[str, str]) -> Diagnosis:
    known = sent_claims(headers)
    name = _first(UNAUTHENTICATED, text)
    if not name and "exp" in known and known["exp"] < Clock.now():
        name = "token-expired"
    if not name:
        name = "token-refused" if {"Authorization", "Cookie"} & headers.keys() else "no-token"
    expiry, issuer = moment(known.get("exp")), known.get("iss", "of an unknown name")
    return diagnose(name, status=401, said=detail, expiry=expiry, issuer=issuer)


def _forbidden(text: str, detail: str, headers: Mapping[str, str]) -> Diagnosis:
    known, right = sent_claims(headers), dict(RIGHT.findall(text))
    name = _first(FORBIDDEN, text) or "forbidden"
    if name == "gateway-policy" and "Authorization" not in headers:
        name = "no-token"
    return diagnose(
        name,
        status=403,
        said=detail,
        audience=known.get("aud", "another"),
        repository=known.get("repository_id", "of an unknown id"),
        subject=known.get("sub") or _user(text),
        verb=right.get("Verb", "do this"),
        resource=right.get("Resource", "there"),
        namespace=right.get("Namespace", "its namespace"),
    )


def _user(text: str) -> str:
    named = re.search(r"User '([^']+)'", text)
    return named[1] if named else "this user"


def _first(patterns: Mapping[str, str], text: str) -> str | None:
    return next((name for pattern, name in patterns.items() if re.search(pattern, text)), None)


def _text(body: bytes | str | None) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else body or ""
