"""Stands in for an endpoint on a bad day: it answers healthz, and everything else as it was asked to."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


HEALTHY = Answer(body=b'{"multi_user": false}')


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class OddEndpoint:
    url: str = ""
    health: Answer = HEALTHY
    answers: list[Answer] = field(default_factory=list)
    """Given one by one; the last stays."""
    requests: list[Request] = field(default_factory=list)
    """But for those that asked for its health."""
    delay: float = 0
    """Seconds before each answer."""

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("/healthz"):
            return self.health
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def odd_endpoint(certificate: Path | None = None) -> Iterator[OddEndpoint]:
    endpoint = OddEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, headers = endpoint.answer(Request(self.command, self.path, dict(self.headers)))
            time.sleep(endpoint.delay)
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    endpoint.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error(status: int, message: str) -> Answer:
    """An error as the real server words it."""
    return Answer(status, json.dumps({"code": 3, "message": message}).encode())
