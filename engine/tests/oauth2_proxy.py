"""A real oauth2-proxy on loopback for the tests, built from its Go module, in front of an endpoint."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.tests.standins.oidc_provider import CLIENT, CLIENT_SECRET, OidcProvider

MODULE = "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6"
BUILD_SECONDS, START_SECONDS = 540, 20


def build_oauth2_proxy(folder: Path) -> Path:
    """The program, built in `folder`; minutes the first time, seconds with Go's cache."""
    if not (go := shutil.which("go")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Go")
    environment = os.environ | {"GOBIN": str(folder), "CGO_ENABLED": "0"}
    command = [go, "install", "-ldflags=-s -w", MODULE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert done.returncode == 0, f"oauth2-proxy was not built: {done.stderr[-2000:]}"
    return folder / "oauth2-proxy"


@contextmanager
def running_oauth2_proxy(
    program: Path, provider: OidcProvider, upstream: str, certificate: Path, audience: str
) -> Iterator[str]:
    """Its address: it lets sessions and tokens for `audience` through to `upstream`, as Kubeflow's does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    options = {
        "provider": "oidc",
        "oidc-issuer-url": provider.issuer,
        "extra-jwt-issuers": f"{provider.issuer}={audience}",
        "skip-jwt-bearer-tokens": "true",
        "skip-provider-button": "true",
        "client-id": CLIENT,
        "client-secret": CLIENT_SECRET,
        "cookie-secret": "0123456789abcdef0123456789abcdef",
        "cookie-name": "oauth2_proxy_kubeflow",
        "email-domain": "*",
        "oidc-email-claim": "sub",
        "upstream": upstream,
        "https-address": host,
        "http-address": "",
        "tls-cert-file": certificate,
        "tls-key-file": certificate,
        "redirect-url": f"https://{host}/oauth2/callback",
        "request-logging": "false",
    }
    command = [program, *(f"--{name}={value}" for name, value in options.items())]
    log = certificate.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_until_listening(host, process, log)
        yield f"https://{host}"
    finally:
        process.terminate()
        process.wait()


def _wait_until_listening(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    name, _, port = host.partition(":")
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((name, int(port)), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"oauth2-proxy did not start: {log.read_text()[-2000:]}")
