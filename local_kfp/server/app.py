"""The web application: the v2beta1 API, the page for people, and the guard before both."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local_kfp.server import experiments, page, pipelines, recurring_runs, runs
from local_kfp.server.errors import ApiError
from local_kfp.server.scheduler import keep_schedules
from local_kfp.server.server import Server

API_VERSION = "2.17.0"  # the server whose behaviour this one has
_OWN_NAMES = {"127.0.0.1", "localhost", "::1"}


class Guard:
    """Turns away what a foreign web page sends through a person's browser, for this server runs code.

    A page may reach loopback under a name of its own (DNS rebinding) or by a form that it posts here.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Request(scope).headers
            asked_for = urlsplit(f"//{headers.get('host', '')}").hostname
            origin = urlsplit(headers["origin"]).hostname if "origin" in headers else asked_for
            if not {asked_for, origin} <= _OWN_NAMES:
                refusal = ApiError("PERMISSION_DENIED", "this server answers this machine's own pages only")
                return await refusal.response()(scope, receive, send)
        return await self.app(scope, receive, send)


async def healthz(_: Request) -> JSONResponse:
    return JSONResponse(
        {"commit_sha": "unknown", "tag_name": API_VERSION, "multi_user": False, "pipeline_store": "database"}
    )


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _world_error(_: Request, error: Exception) -> Response:
    return ApiError("INTERNAL", f"InternalServerError: {error}").response()


async def _http_error(_: Request, error: Exception) -> Response:
    """No such path, or no such method on it, in the gateway's words."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return JSONResponse({"code": 12, "message": "Method Not Allowed", "details": []}, 501)
    code = 5 if error.status_code == 404 else 3
    return JSONResponse({"code": code, "message": error.detail, "details": []}, error.status_code)


def _lifespan(server: Server) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        scheduler = asyncio.create_task(keep_schedules(server))
        yield
        scheduler.cancel()
        await asyncio.wait([scheduler])  # it may be starting a run's process, which has to end too
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
            OSError: _world_error,
            sqlite3.Error: _world_error,
        },
        lifespan=_lifespan(server),
    )
    app.state.server = server
    return app
