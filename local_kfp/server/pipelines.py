"""/pipelines and their versions."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local_kfp.json_types import Struct
from local_kfp.server import messages, pipeline_spec
from local_kfp.server.documents import read_json
from local_kfp.server.errors import ApiError, invalid, not_found
from local_kfp.server.listing import list_response, list_rows
from local_kfp.server.names import check_free, check_storable
from local_kfp.server.packages import read_package
from local_kfp.server.pipeline_spec import Pipeline
from local_kfp.server.resources import PipelineRequest, PipelineVersion, StoredPipeline, Uploaded
from local_kfp.server.server import Server, server_of
from local_kfp.server.store import Store, view

_LONGEST_NAME = 127


async def create_pipeline(request: Request) -> JSONResponse:
    fields = await messages.read(request, PipelineRequest)
    name = fields.get("name") or fields.get("display_name")
    if not name:
        raise invalid("name is required")
    uploaded: Uploaded = {
        "name": name,
        "display_name": fields.get("display_name") or name,
        "description": fields.get("description", ""),
        "tags": fields.get("tags", {}),
    }
    return JSONResponse(view(_add_pipeline(server_of(request), uploaded)))


async def upload_pipeline(request: Request) -> JSONResponse:
    """Add a pipeline and its first version, which has its name."""
    server = server_of(request)
    try:
        pipeline, uploaded = await _read_upload(request)
        with server.store:
            row = _add_pipeline(server, uploaded)
            _add_version(server, row["pipeline_id"], uploaded, pipeline, _code_source_url(request))
    except ApiError as error:
        return _upload_error(error)
    return JSONResponse(view(row))


async def upload_version(request: Request) -> JSONResponse:
    server = server_of(request)
    try:
        pipeline, uploaded = await _read_upload(request)
        owner = request.query_params.get("pipelineid", "")
        if not server.store.query("SELECT 1 FROM pipelines WHERE pipeline_id = ?", owner):
            raise invalid(
                f"Failed to create a pipeline version: expected an existing pipelineid, found {owner!r}"
            )
        row = _add_version(server, owner, uploaded, pipeline, _code_source_url(request))
    except ApiError as error:
        return _upload_error(error)
    return JSONResponse(view(row))


async def get_pipeline(request: Request) -> JSONResponse:
    return JSONResponse(view(server_of(request).store.get("pipelines", request.path_params["pipeline_id"])))


async def get_pipeline_by_name(request: Request) -> JSONResponse:
    name = request.path_params["name"]
    rows = server_of(request).store.query("SELECT * FROM pipelines WHERE name = ?", name)
    if not rows:
        raise not_found("Namespace/Pipeline", f"/{name}")
    return JSONResponse(view(rows[0]))


async def list_pipelines(request: Request) -> JSONResponse:
    rows, rest = list_rows(server_of(request).store, "pipelines", request.query_params)
    return list_response("pipelines", [view(row) for row in rows], rest)


async def update_pipeline(request: Request) -> JSONResponse:
    store, identity = server_of(request).store, request.path_params["pipeline_id"]
    fields = await messages.read(request, PipelineRequest)
    store.get("pipelines", identity)
    changes = {name: fields[name] for name in ("display_name", "description", "tags") if name in fields}
    if changes:
        store.update("pipelines", identity, **changes)
    return JSONResponse(view(store.get("pipelines", identity)))


async def delete_pipeline(request: Request) -> JSONResponse:
    """Delete a pipeline that has no versions, or with `cascade` its versions as well."""
    store, identity = server_of(request).store, request.path_params["pipeline_id"]
    store.get("pipelines", identity)
    versions = store.query(
        "SELECT pipeline_version_id FROM pipeline_versions WHERE pipeline_id = ?", identity
    )
    cascade = request.query_params.get("cascade", "").lower() in ("true", "t", "1")
    if versions and not cascade:
        raise invalid(
            f"Failed to delete pipeline with id {identity} as it has existing pipeline versions "
            f"(e.g. {versions[-1]['pipeline_version_id']}). Set cascade=true to delete all versions"
        )
    store.delete("pipelines", identity)
    return JSONResponse({})


async def list_versions(request: Request) -> JSONResponse:
    owner = request.path_params["pipeline_id"]
    store = server_of(request).store
    store.get("pipelines", owner)
    rows, rest = list_rows(store, "pipeline_versions", request.query_params, pipeline_id=owner)
    return list_response("pipeline_versions", [view(row) for row in rows], rest)


async def get_version(request: Request) -> JSONResponse:
    return JSONResponse(view(_version(server_of(request).store, request)))


async def delete_version(request: Request) -> JSONResponse:
    store = server_of(request).store
    store.delete("pipeline_versions", _version(store, request)["pipeline_version_id"])
    return JSONResponse({})


def _version(store: Store, request: Request) -> PipelineVersion:
    return store.get("pipeline_versions", request.path_params["pipeline_version_id"])


def _add_pipeline(server: Server, uploaded: Uploaded) -> StoredPipeline:
    check_free(server.store, "pipeline", "pipelines", "name", uploaded["name"])
    check_storable("pipeline", uploaded["name"])
    pipeline: StoredPipeline = server.store.insert("pipelines", **uploaded, created_at=server.clock.now())
    return pipeline


def _add_version(
    server: Server, pipeline_id: str, uploaded: Uploaded, pipeline: Pipeline, code_source_url: str
) -> PipelineVersion:
    name = uploaded["name"]
    check_free(server.store, "pipeline version", "pipeline_versions", "name", name, pipeline_id=pipeline_id)
    check_storable("pipeline version", name)
    version: PipelineVersion = server.store.insert(
        "pipeline_versions",
        **uploaded,
        pipeline_id=pipeline_id,
        code_source_url=code_source_url,
        pipeline_spec=pipeline.struct,
        created_at=server.clock.now(),
    )
    return version


async def _read_upload(request: Request) -> tuple[Pipeline, Uploaded]:
    """The pipeline of a multipart upload, and the fields in its query string."""
    query = request.query_params
    async with request.form() as form:
        file = form.get("uploadfile")
        if not isinstance(file, UploadFile):
            raise invalid("Failed to read pipeline from file: expected a multipart field named uploadfile")
        filename = file.filename or ""
        pipeline = pipeline_spec.from_yaml(read_package(filename, await file.read()))
    name = query.get("name") or query.get("display_name") or filename
    if len(name) > _LONGEST_NAME:
        raise invalid(
            f"the name must have at most {_LONGEST_NAME} characters, found {len(name)}: {name[:40]}..."
        )
    return pipeline, {
        "name": name,
        "display_name": query.get("display_name") or name,
        "description": query.get("description", ""),
        "tags": _read_tags(query.get("tags", "")),
    }


def _code_source_url(request: Request) -> str:
    return request.query_params.get("code_source_url", "")


def _read_tags(text: str) -> Struct:
    try:
        tags: Struct = read_json(text or "{}")
        if all(isinstance(value, str) for value in tags.values()):
            return tags
    except (ValueError, AttributeError):
        pass
    raise invalid("Failed to parse tags query parameter. Expected JSON object with string keys and values")


def _upload_error(error: ApiError) -> JSONResponse:
    """Uploads do not pass through the real server's gateway, so their errors have another form."""
    return JSONResponse({"error_message": str(error), "error_details": str(error)}, error.status)


ROUTES = [
    Route("/pipelines", create_pipeline, methods=["POST"]),
    Route("/pipelines", list_pipelines, methods=["GET"]),
    Route("/pipelines/upload", upload_pipeline, methods=["POST"]),
    Route("/pipelines/upload_version", upload_version, methods=["POST"]),
    Route("/pipelines/names/{name}", get_pipeline_by_name, methods=["GET"]),
    Route("/pipelines/{pipeline_id}", get_pipeline, methods=["GET"]),
    Route("/pipelines/{pipeline_id}", update_pipeline, methods=["PATCH"]),
    Route("/pipelines/{pipeline_id}", delete_pipeline, methods=["DELETE"]),
    Route("/pipelines/{pipeline_id}/versions", list_versions, methods=["GET"]),
    Route("/pipelines/{pipeline_id}/versions/{pipeline_version_id}", get_version, methods=["GET"]),
    Route("/pipelines/{pipeline_id}/versions/{pipeline_version_id}", delete_version, methods=["DELETE"]),
]
