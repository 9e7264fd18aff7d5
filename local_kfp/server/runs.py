"""/runs, and the logs of their tasks."""

import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local_kfp.server import messages
from local_kfp.server.errors import ApiError, invalid
from local_kfp.server.listing import list_response, list_rows
from local_kfp.server.macros import Macros
from local_kfp.server.nodes import node_details, task_of_pod
from local_kfp.server.resources import NewRun, Run, RunRequest
from local_kfp.server.server import DEFAULT_ACCOUNT, Server, server_of
from local_kfp.server.store import view
from local_kfp.server.task_details import FINAL_STATES, task_details, tasks


async def create_run(request: Request) -> JSONResponse:
    server, fields = server_of(request), await messages.read(request, RunRequest)
    if not fields.get("display_name"):  # the real server responds with 500, here and below
        raise ApiError("INTERNAL", "InternalServerError: Run name cannot be empty")
    run: NewRun = {
        "run_id": str(uuid.uuid4()),
        "experiment_id": server.experiment_of(fields.get("experiment_id", "")),
        "recurring_run_id": "",
        "display_name": fields["display_name"],
        "description": fields.get("description", ""),
        "service_account": fields.get("service_account", DEFAULT_ACCOUNT),
        "runtime_config": fields.get("runtime_config"),
        "scheduled_at": server.clock.now(),
    }
    try:
        pipeline, source = server.source_of(fields)
    except ApiError as error:
        reason = f"Failed to create a run due to error fetching manifest: {error}"
        raise ApiError("INTERNAL", reason) from None
    macros = Macros(run["run_id"], server.clock.now())
    parameters = {
        name: macros.expand(value) if isinstance(value, str) else value
        for name, value in fields.get("runtime_config", {}).get("parameters", {}).items()
    }
    return JSONResponse(_run_view(server, await server.launch(pipeline, source, run, parameters)))


async def get_run(request: Request) -> JSONResponse:
    server = server_of(request)
    return JSONResponse(_run_view(server, _run(server, request)))


async def list_runs(request: Request) -> JSONResponse:
    server, query = server_of(request), request.query_params
    equal = {"experiment_id": query["experiment_id"]} if query.get("experiment_id") else {}
    for identity in equal.values():
        server.store.get("experiments", identity)
    rows, rest = list_rows(server.store, "runs", query, **equal)
    return list_response("runs", [_run_view(server, row) for row in rows], rest)


async def terminate_run(request: Request) -> JSONResponse:
    server = server_of(request)
    run = _run(server, request)
    if run["state"] in FINAL_STATES | {"CANCELING"}:
        raise invalid(
            f"Failed to terminate a run {run['run_id']}: expected an active run, found {run['state']}"
        )
    await server.supervisor.terminate(run["run_id"])
    return JSONResponse({})


async def archive_run(request: Request) -> JSONResponse:
    server = server_of(request)
    server.store.update("runs", _run(server, request)["run_id"], storage_state="ARCHIVED")
    return JSONResponse({})


async def unarchive_run(request: Request) -> JSONResponse:
    server = server_of(request)
    run = _run(server, request)
    if server.store.get("experiments", run["experiment_id"])["storage_state"] == "ARCHIVED":
        message = f"Failed to unarchive run: experiment {run['experiment_id']} must be un-archived first"
        raise ApiError("FAILED_PRECONDITION", message)
    server.store.update("runs", run["run_id"], storage_state="AVAILABLE")
    return JSONResponse({})


async def retry_run(request: Request) -> JSONResponse:
    """Run a failed run again from its first task: nothing is cached here."""
    server = server_of(request)
    run = _run(server, request)
    if run["state"] != "FAILED":
        message = f"Failed to retry run {run['run_id']}: expected a failed run, found {run['state']}"
        raise ApiError("ABORTED", message)
    (server.run_folder(run["run_id"]) / "events.jsonl").unlink(missing_ok=True)
    server.store.update("runs", run["run_id"], finished_at=0)
    server.supervisor.enter(run["run_id"], "PENDING")
    await server.supervisor.start(run["run_id"])
    return JSONResponse({})


async def delete_run(request: Request) -> JSONResponse:
    server = server_of(request)
    run = _run(server, request)
    if run["state"] not in FINAL_STATES:
        await server.supervisor.end(run["run_id"])
    server.delete_run(run["run_id"])
    return JSONResponse({})


async def read_log(request: Request) -> Response:
    """The log of a task; without one, the status is 200 as on the real server and the body is an error."""
    server = server_of(request)
    try:
        run, pod = _run(server, request), request.path_params["pod"]
        task = task_of_pod(server.run_folder(run["run_id"]), pod) if server.shows_nodes else pod
        return task_log(server, run, task)
    except ApiError as error:
        return JSONResponse({"error_message": str(error), "error_details": str(error)})


def task_log(server: Server, run: Run, task_id: str) -> Response:
    folder = server.run_folder(run["run_id"])
    for task in tasks(folder, run["state"]):
        log = task["log"]
        if task["task_id"] == task_id and log:
            return PlainTextResponse((folder / log).read_bytes())
    raise invalid(f"Failed to read logs for run {run['run_id']}: it has no task {task_id} with a log")


def _run(server: Server, request: Request) -> Run:
    return server.store.get("runs", request.path_params["run_id"])


def _run_view(server: Server, run: Run) -> dict[str, object]:
    read_details = node_details if server.shows_nodes else task_details
    folder = server.run_folder(run["run_id"])
    details = read_details(run["run_id"], run["state"], run["created_at"], folder)
    return view(run) | ({"run_details": {"task_details": details}} if details else {})


ROUTES = [
    Route("/runs", create_run, methods=["POST"]),
    Route("/runs", list_runs, methods=["GET"]),
    Route("/runs/{run_id}:terminate", terminate_run, methods=["POST"]),
    Route("/runs/{run_id}:archive", archive_run, methods=["POST"]),
    Route("/runs/{run_id}:unarchive", unarchive_run, methods=["POST"]),
    Route("/runs/{run_id}:retry", retry_run, methods=["POST"]),
    Route("/runs/{run_id}", get_run, methods=["GET"]),
    Route("/runs/{run_id}", delete_run, methods=["DELETE"]),
]
