"""Holds what the local KFP server is asked and answers against the published description of the API."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILE = Path(__file__).parents[3].parent / "shared/contracts/kfp-api-v2beta1-2.17.0.swagger.json"
# Answered by the real server too, past the gateway that the description is of.
UNDESCRIBED = {
    "v2beta1GetHealthzResponse": {"commit_sha": {"type": "string"}, "tag_name": {"type": "string"}}
}
UPLOADS = ("/apis/v2beta1/pipelines/upload", "/apis/v2beta1/pipelines/upload_version")
UPLOAD_ERROR = {
    "type": "object",
    "required": ["error_message", "error_details"],
    "additionalProperties": False,
    "properties": {"error_message": {"type": "string"}, "error_details": {"type": "string"}},
}

_formats = jsonschema.FormatChecker(formats=())


@_formats.checks("date-time")
def _is_time(value: Any) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", value))


@_formats.checks("int64")
def _is_int64(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"-?\d+", value))


def require_file() -> None:
    """Skip in a user's copy of the project, which comes without the description; CI must have it."""
    if not FILE.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no description of the API at {FILE}")


def _closed(schema: Any) -> Any:
    """The schema with every object closed against fields it does not name."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed


def _as_sent(schema: Any) -> Any:
    """The schema of what is sent, where a 64-bit integer may be a number: kfp.Client sends them so."""
    if isinstance(schema, list):
        return [_as_sent(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    sent = {name: _as_sent(value) for name, value in schema.items()}
    return sent | {"type": ["string", "integer"]} if sent.get("format") == "int64" else sent


class ApiDescription:
    """The description, its objects closed."""

    def __init__(self) -> None:
        document = json.loads(FILE.read_text())
        definitions = document["definitions"]
        for name, fields in UNDESCRIBED.items():
            definitions[name]["properties"] |= fields
        definitions = _closed(definitions)
        definitions["protobufAny"]["additionalProperties"] = True  # that is what Any means
        self._definitions = {False: definitions, True: _as_sent(definitions)}
        self.operations = [
            (method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/:]+", path)), operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The most literal operation that answers at a path."""
        found = [
            (pattern.pattern.count("[^/:]+"), index)
            for index, (name, pattern, _) in enumerate(self.operations)
            if name == method and pattern.fullmatch(path)
        ]
        return self.operations[min(found)[1]][2] if found else None

    def errors(self, schema: dict[str, Any], value: Any, sent: bool = False) -> list[str]:
        whole = _closed(schema) | {"definitions": self._definitions[sent]}
        validator = jsonschema.Draft4Validator(whole, format_checker=_formats)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


description = cache(ApiDescription)


class Checked:
    """The application, with every departure from the description noted in `departures`."""

    def __init__(self, app: ASGIApp, departures: list[str], seen: set[str]):
        self.app, self.description, self.departures, self.seen = app, description(), departures, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/apis/v2beta1/"):
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
        operation = self.description.operation(request.method, request.url.path)
        if operation is None:
            self._note(where, [] if status in (404, 501) else ["not described"])
        elif status >= 400:
            error = {"$ref": "#/definitions/googleRpcStatus"}
            upload = request.url.path in UPLOADS
            self._note(where, self.description.errors(UPLOAD_ERROR if upload else error, answer))
        else:
            self.seen.add(operation["operationId"])
            self._note(where, self._request_errors(operation, request, body))
            self._note(where, self.description.errors(operation["responses"]["200"]["schema"], answer))

    def _request_errors(self, operation: dict[str, Any], request: Request, body: bytes) -> list[str]:
        parameters = operation.get("parameters", [])
        named = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        errors = [f"undescribed parameter {name}" for name in request.query_params.keys() - named]
        for parameter in parameters:
            if parameter["in"] == "body":
                errors += self.description.errors(parameter["schema"], json.loads(body), sent=True)
        return errors

    def _note(self, where: str, errors: list[str]) -> None:
        self.departures += [f"{where}: {error}" for error in errors]
