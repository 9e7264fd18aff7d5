"""/experiments."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_kfp.server import messages
from local_kfp.server.errors import ApiError
from local_kfp.server.listing import list_response, list_rows
from local_kfp.server.resources import ExperimentRequest
from local_kfp.server.server import server_of
from local_kfp.server.store import view


async def create_experiment(request: Request) -> JSONResponse:
    fields = await messages.read(request, ExperimentRequest)
    if not fields.get("display_name"):  # the real server responds with 500
        raise ApiError("INTERNAL", "InternalServerError: Experiment must have a non-empty name")
    row = server_of(request).add_experiment(fields["display_name"], fields.get("description", ""))
    return JSONResponse(view(row))


async def get_experiment(request: Request) -> JSONResponse:
    return JSONResponse(
        view(server_of(request).store.get("experiments", request.path_params["experiment_id"]))
    )


async def list_experiments(request: Request) -> JSONResponse:
    rows, rest = list_rows(server_of(request).store, "experiments", request.query_params)
    return list_response("experiments", [view(row) for row in rows], rest)


async def archive_experiment(request: Request) -> JSONResponse:
    """Archive an experiment with its runs, and disable its recurring runs."""
    server, identity = server_of(request), request.path_params["experiment_id"]
    server.store.get("experiments", identity)
    with server.store as store:
        store.update("experiments", identity, storage_state="ARCHIVED")
        store.query("UPDATE runs SET storage_state = 'ARCHIVED' WHERE experiment_id = ?", identity)
        disable = "UPDATE recurring_runs SET mode = 'DISABLE', status = 'DISABLED', updated_at = ?"
        store.query(f"{disable} WHERE experiment_id = ?", server.clock.now(), identity)
    return JSONResponse({})


async def unarchive_experiment(request: Request) -> JSONResponse:
    """Restore an experiment; its runs stay archived and its recurring runs disabled."""
    store, identity = server_of(request).store, request.path_params["experiment_id"]
    store.get("experiments", identity)
    store.update("experiments", identity, storage_state="AVAILABLE")
    return JSONResponse({})


async def delete_experiment(request: Request) -> JSONResponse:
    server, identity = server_of(request), request.path_params["experiment_id"]
    if identity == server.add_default_experiment():
        raise ApiError(
            "ABORTED", f"Failed to delete experiment {identity}. The default experiment cannot be deleted"
        )
    server.store.delete("experiments", identity)
    return JSONResponse({})


ROUTES = [
    Route("/experiments", create_experiment, methods=["POST"]),
    Route("/experiments", list_experiments, methods=["GET"]),
    Route("/experiments/{experiment_id}:archive", archive_experiment, methods=["POST"]),
    Route("/experiments/{experiment_id}:unarchive", unarchive_experiment, methods=["POST"]),
    Route("/experiments/{experiment_id}", get_experiment, methods=["GET"]),
    Route("/experiments/{experiment_id}", delete_experiment, methods=["DELETE"]),
]
