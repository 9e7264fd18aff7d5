"""The web application: the v2beta1 API, the HTML page, and the check of Host and Origin before both."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local_kfp.server import experiments, page, pipelines, recurring_runs, runs
from local_kfp.server.background import WORLD_ERRORS
from local_kfp.server.errors import ApiError, invalid
from local_kfp.server.packages import LARGEST_BYTES
from local_kfp.server.scheduler import TICK_SECONDS, start_due_runs
from local_kfp.server.server import Server, server_of

API_VERSION = "2.17.0"  # the server whose behaviour this one has
_LARGEST_HEADERS = 1 << 20  # of a multipart body
_OWN_NAMES = {"127.0.0.1", "localhost", "::1"}


class Guard:
    """Refuses requests that a foreign web page sends through a browser, because this server runs code.

    A page can reach the loopback address by its own host name (DNS rebinding) or by a form that it submits.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Request(scope).headers
            host = headers.get("host", "")
            origin = headers.get("origin", f"//{host}")
            if not {_hostname(f"//{host}"), _hostname(origin)} <= _OWN_NAMES:
                reason = f"expected Host and Origin of this machine, found {host!r} and {origin!r}"
                return await ApiError("PERMISSION_DENIED", reason).response()(scope, receive, send)
        return await self.app(scope, _limited(receive), send)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _limited(receive: Receive) -> Receive:
    """Refuse a body that is larger than the largest upload."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST_BYTES + _LARGEST_HEADERS:
            raise invalid(f"File size too large. Maximum supported size: {LARGEST_BYTES} bytes")
        return message

    return receive_limited


async def healthz(request: Request) -> JSONResponse:
    """Status 503 while something fails that all work needs; other failures are a field of the response."""
    failures = server_of(request).background.failures
    if reasons := [str(failure) for failure in failures if failure.stops_the_server]:
        raise ApiError("UNAVAILABLE", "; ".join(reasons))
    health = {
        "commit_sha": "local_kfp",
        "tag_name": API_VERSION,
        "multi_user": False,
        "pipeline_store": "database",
    }
    return JSONResponse(health | ({"failures": [str(failure) for failure in failures]} if failures else {}))


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _world_error(_: Request, error: Exception) -> Response:
    return ApiError("INTERNAL", f"InternalServerError: {error}").response()


async def _http_error(_: Request, error: Exception) -> Response:
    """An unknown path or method, in the words of the real server's gateway."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return JSONResponse({"code": 12, "message": "Method Not Allowed", "details": []}, 501)
    code = 5 if error.status_code == 404 else 3
    return JSONResponse({"code": code, "message": error.detail, "details": []}, error.status_code)


def _lifespan(server: Server) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await server.supervisor.recover()
        start_due = functools.partial(start_due_runs, server)
        scheduler = asyncio.create_task(server.background.repeat("scheduler", start_due, TICK_SECONDS))
        yield
        scheduler.cancel()
        await asyncio.wait([scheduler])  # it may be starting a run's process, which has to end as well
        await server.supervisor.stop()
        server.store.close()

    return lifespan


def create_app(server: Server) -> Starlette:
    api = [
        Route("/healthz", healthz),
        *experiments.ROUTES,
        *pipelines.ROUTES,
        *runs.ROUTES,
        *recurring_runs.ROUTES,
    ]
    app = Starlette(
        routes=[
            Mount("/apis/v2beta1", routes=api),
            Route("/apis/v1alpha1/runs/{run_id}/nodes/{pod}/log", runs.read_log),
            *page.ROUTES,
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _http_error,
            **dict.fromkeys(WORLD_ERRORS, _world_error),
        },
        lifespan=_lifespan(server),
    )
    app.state.server = server
    return app
