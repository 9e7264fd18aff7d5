"""Reads a request's body up to a size and a time, before MLServer gets it."""

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 4 * 2**20
READ_SECONDS = 10


class BoundedBody:
    """ASGI middleware that answers 413, 408 or 415 to a body that is too large, too slow or encoded."""

    def __init__(self, application: ASGIApp):
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            await _refuse(send, 408, f"expected the whole request within {READ_SECONDS} s")
            return
        if body is None:
            await _refuse(send, 413, f"expected at most {MOST_BYTES:,} bytes; send fewer rows in a request")
        elif dict(scope["headers"]).get(b"content-encoding", b"identity") != b"identity":
            await _refuse(send, 415, "expected a body without Content-Encoding")
        else:
            await self._application(scope, _replayed(body, receive), send)


async def _body(receive: Receive) -> bytes | None:
    """The body, or None if it is too long; it is read whole, so that its sender gets the answer."""
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        length += len(chunk)
        if length <= MOST_BYTES:
            chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks) if length <= MOST_BYTES else None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What MLServer receives: the body at once, then what else comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay


async def _refuse(send: Send, status: int, problem: str) -> None:
    content = json.dumps({"error": problem}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
