"""Checks what the local KFP server receives and answers against the locked `kfp-server-api` package.

The package is generated from the API's description. Its models become JSON Schemas that are closed against
fields which a model does not name; its calls become operations with a method, a path and parameters.
"""

import inspect
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema
import kfp_server_api
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Schema = dict[str, Any]
SCALARS: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "object": {"type": "object"},
}
# 64-bit integers, which JSON of protobuf writes as strings. The models call them `str`.
INT64 = {
    "artifact_ids",
    "execution_id",
    "interval_second",
    "long_value",
    "max_concurrency",
    "pipeline_context_id",
    "pipeline_run_context_id",
}
# The real server responds with these too, although the API's description does not name them.
UNDESCRIBED = {"V2beta1GetHealthzResponse": {"commit_sha": "str", "tag_name": "str", "failures": "list[str]"}}
EMPTY: Schema = {"type": "object", "additionalProperties": False}
UPLOAD_ERROR: Schema = {
    "type": "object",
    "required": ["error_message", "error_details"],
    "additionalProperties": False,
    "properties": {"error_message": {"type": "string"}, "error_details": {"type": "string"}},
}
UPLOADS = ("/apis/v2beta1/pipelines/upload", "/apis/v2beta1/pipelines/upload_version")

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time")
def _is_time(value: Any) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", value))


@_formats.checks("int64")
def _is_int64(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"-?\d+", value))


@cache
def schema_of(name: str, sent: bool = False) -> Schema:
    """JSON Schema of a type of the package, such as `list[V2beta1Run]`.

    A 64-bit integer that is `sent` may also be a number: kfp.Client sends them so.
    """
    if items := re.fullmatch(r"list\[(.+)\]", name):
        return {"type": "array", "items": schema_of(items[1], sent)}
    if values := re.fullmatch(r"dict\(str, (.+)\)", name):
        any_value = values[1] == "object"
        return {"type": "object", "additionalProperties": any_value or schema_of(values[1], sent)}
    if name in SCALARS:
        return SCALARS[name]
    model = getattr(kfp_server_api, name)
    if values := getattr(model, "allowable_values", None):
        return {"type": "string", "enum": values}
    types = {model.attribute_map[field]: kind for field, kind in model.openapi_types.items()}
    types |= UNDESCRIBED.get(name, {})
    properties = {field: _field(field, kind, sent) for field, kind in types.items()}
    is_any = model is kfp_server_api.ProtobufAny
    return {"type": "object", "properties": properties, "additionalProperties": is_any}


def _field(name: str, kind: str, sent: bool) -> Schema:
    if name not in INT64:
        return schema_of(kind, sent)
    number = {"type": ["string", "integer"] if sent else "string", "format": "int64"}
    return {"type": "array", "items": number} if kind == "list[str]" else number


def errors(schema: Schema, value: Any) -> list[str]:
    validator = jsonschema.Draft4Validator(schema, format_checker=_formats)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


@dataclass(frozen=True)
class Operation:
    """A call of the package: its name, and what it sends and receives."""

    name: str
    method: str
    path: str
    query: frozenset[str]
    body: str | None
    response: str

    def answers_at(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\{[^}]+\}", "[^/:]+", self.path)
        return method == self.method and bool(re.fullmatch(pattern, path))

    def request_errors(self, names: set[str], body: bytes) -> list[str]:
        unknown = [f"undescribed parameter {name}" for name in names - self.query]
        return unknown + (errors(schema_of(self.body, sent=True), json.loads(body)) if self.body else [])

    def response_schema(self) -> Schema:
        return EMPTY if self.response == "object" else schema_of(self.response)


class _Recorder(kfp_server_api.ApiClient):
    """Returns the request that a call would send."""

    def call_api(self, path: str, method: str, *parameters: Any, **options: Any) -> Any:  # type: ignore[override] # fewer names
        return path, method, parameters[1], options["body"], options["response_type"]


@cache
def operations() -> list[Operation]:
    """Every call of the package, made with each parameter's name as its value."""
    services = [getattr(kfp_server_api, name) for name in dir(kfp_server_api) if name.endswith("ServiceApi")]
    return [
        _operation(name.removesuffix("_with_http_info"), call)
        for service in services
        for name, call in inspect.getmembers(service(_Recorder()), inspect.ismethod)
        if name.endswith("_with_http_info")
    ]


def _operation(name: str, call: Any) -> Operation:
    types = dict(re.findall(r":type ([a-z]\w*): (.+)", call.__doc__))
    types.pop("async_req")
    path, method, query, body, response = call(**{parameter: parameter for parameter in types})
    return Operation(name, method, path, frozenset(key for key, _ in query), types.get(body), response)


def operation(method: str, path: str) -> Operation | None:
    """The most literal operation that answers at a path."""
    found = [each for each in operations() if each.answers_at(method, path)]
    return min(found, key=lambda each: each.path.count("{"), default=None)


class Checked:
    """The application, with every departure from the API noted in `departures`, and others in `pages`."""

    def __init__(self, app: ASGIApp, departures: list[str], seen: set[str], pages: list[str]):
        self.app, self.departures, self.seen, self.pages = app, departures, seen, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/apis/v2beta1/"):
            self.pages.append(scope.get("path", ""))
            return await self.app(scope, receive, send)
        body = await Request(scope, receive).body()
        sent: list[Message] = []

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            sent.append(message)

        await self.app(scope, replay, keep)
        answer = b"".join(message.get("body", b"") for message in sent)
        self._compare(Request(scope), body, sent[0]["status"], json.loads(answer))
        for message in sent:
            await send(message)
        return None

    def _compare(self, request: Request, body: bytes, status: int, answer: Any) -> None:
        where = f"{request.method} {request.url.path} -> {status}"
        call = operation(request.method, request.url.path)
        if call is None:
            self._note(where, [] if status in (404, 501) else ["not described"])
        elif status >= 400:
            upload = request.url.path in UPLOADS
            self._note(where, errors(UPLOAD_ERROR if upload else schema_of("GoogleRpcStatus"), answer))
        else:
            self.seen.add(call.name)
            self._note(where, call.request_errors({*request.query_params.keys()}, body))
            self._note(where, errors(call.response_schema(), answer))

    def _note(self, where: str, errors: list[str]) -> None:
        self.departures += [f"{where}: {error}" for error in errors]
