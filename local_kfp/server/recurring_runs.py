"""/recurringruns."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_kfp.server import messages
from local_kfp.server.errors import ApiError, invalid
from local_kfp.server.listing import list_response, list_rows
from local_kfp.server.names import check_printable
from local_kfp.server.pipeline_spec import check_parameters
from local_kfp.server.resources import RecurringRun, RecurringRunRequest, Source
from local_kfp.server.schedules import check_trigger
from local_kfp.server.server import DEFAULT_ACCOUNT, Server, server_of
from local_kfp.server.store import view


async def create_recurring_run(request: Request) -> JSONResponse:
    server, fields = server_of(request), await messages.read(request, RecurringRunRequest)
    if not fields.get("display_name"):  # the real server responds with 500, here and below
        raise ApiError("INTERNAL", "InternalServerError: Recurring run's name cannot be empty")
    check_printable("recurring run", fields["display_name"])
    concurrency = int(fields.get("max_concurrency", 0))
    if not 1 <= concurrency <= 10:
        raise invalid(
            f"Max concurrency of a recurring run must be at least 1 and at most 10. Received {concurrency}"
        )
    check_trigger(fields.get("trigger", {}))
    source = _check_source(server, fields)
    now = server.clock.now()
    enabled = fields.get("mode") == "ENABLE"
    row = server.store.insert(
        "recurring_runs",
        experiment_id=server.experiment_of(fields.get("experiment_id", "")),
        display_name=fields["display_name"],
        description=fields.get("description", ""),
        service_account=fields.get("service_account", DEFAULT_ACCOUNT),
        runtime_config=fields.get("runtime_config"),
        trigger=fields.get("trigger", {}),
        max_concurrency=str(concurrency),
        no_catchup=fields.get("no_catchup", False),
        created_at=now,
        updated_at=now,
        local_last_index=0,
        **_mode(enabled),
        **source,
    )
    return JSONResponse(view(row))


def _check_source(server: Server, fields: RecurringRunRequest) -> Source:
    """The pipeline as the request names it: without a version, each run takes the newest one."""
    reference = fields.get("pipeline_version_reference", {})
    pinned = not reference or "pipeline_version_id" in reference
    try:
        pipeline, source = server.source_of(fields)
    except ApiError as error:
        if not pinned:
            raise
        reason = f"Failed to create a recurring run with an invalid pipeline spec manifest: {error}"
        raise ApiError("INTERNAL", reason) from None
    check_parameters(pipeline.spec, fields.get("runtime_config", {}).get("parameters", {}))
    return source if pinned else {"pipeline_version_reference": reference}


async def get_recurring_run(request: Request) -> JSONResponse:
    return JSONResponse(view(_schedule(server_of(request), request)))


async def list_recurring_runs(request: Request) -> JSONResponse:
    server, query = server_of(request), request.query_params
    equal = {"experiment_id": query["experiment_id"]} if query.get("experiment_id") else {}
    for identity in equal.values():
        server.store.get("experiments", identity)
    rows, rest = list_rows(server.store, "recurring_runs", query, **equal)
    # The only name in camel case of the whole API.
    return list_response("recurringRuns", [view(row) for row in rows], rest)


async def enable_recurring_run(request: Request) -> JSONResponse:
    return _change_mode(request, enabled=True)


async def disable_recurring_run(request: Request) -> JSONResponse:
    return _change_mode(request, enabled=False)


async def delete_recurring_run(request: Request) -> JSONResponse:
    server_of(request).store.delete("recurring_runs", request.path_params["recurring_run_id"])
    return JSONResponse({})


def _schedule(server: Server, request: Request) -> RecurringRun:
    return server.store.get("recurring_runs", request.path_params["recurring_run_id"])


def _change_mode(request: Request, enabled: bool) -> JSONResponse:
    server = server_of(request)
    identity = _schedule(server, request)["recurring_run_id"]
    server.store.update("recurring_runs", identity, updated_at=server.clock.now(), **_mode(enabled))
    return JSONResponse({})


def _mode(enabled: bool) -> dict[str, str]:
    return {"mode": "ENABLE", "status": "ENABLED"} if enabled else {"mode": "DISABLE", "status": "DISABLED"}


ROUTES = [
    Route("/recurringruns", create_recurring_run, methods=["POST"]),
    Route("/recurringruns", list_recurring_runs, methods=["GET"]),
    Route("/recurringruns/{recurring_run_id}:enable", enable_recurring_run, methods=["POST"]),
    Route("/recurringruns/{recurring_run_id}:disable", disable_recurring_run, methods=["POST"]),
    Route("/recurringruns/{recurring_run_id}", get_recurring_run, methods=["GET"]),
    Route("/recurringruns/{recurring_run_id}", delete_recurring_run, methods=["DELETE"]),
]
