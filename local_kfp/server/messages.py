"""The request bodies of the API, read as strictly as by the real server: no unknown field, no wrong type.

Fields are returned in the form of responses: names with underscores, 64-bit integers as strings, times
in UTC.
"""

import json
import re
from typing import Any

from starlette.requests import Request

from local_kfp.server.clock import format_time, parse_time
from local_kfp.server.documents import read_json
from local_kfp.server.errors import invalid
from local_kfp.server.names import check_namespace

Shape = dict[str, Any]
"""Field: str, bool, int, dict (any object), parse_time, a tuple of enum values, or the shape of a message."""
_MODES = ("MODE_UNSPECIFIED", "ENABLE", "DISABLE")

_SOURCE: Shape = {
    "pipeline_spec": dict,
    "pipeline_version_id": str,
    "pipeline_version_reference": {"pipeline_id": str, "pipeline_version_id": str},
    "runtime_config": {"parameters": dict, "pipeline_root": str},
    "service_account": str,
}
PIPELINE: Shape = {
    "pipeline_id": str,
    "display_name": str,
    "name": str,
    "description": str,
    "created_at": parse_time,
    "namespace": str,
    "tags": dict,
}
EXPERIMENT: Shape = {
    "experiment_id": str,
    "display_name": str,
    "description": str,
    "created_at": parse_time,
    "namespace": str,
    "storage_state": str,
    "last_run_created_at": parse_time,
}
RUN: Shape = _SOURCE | {
    "experiment_id": str,
    "run_id": str,
    "display_name": str,
    "storage_state": str,
    "description": str,
    "created_at": parse_time,
    "scheduled_at": parse_time,
    "finished_at": parse_time,
    "state": str,
    "recurring_run_id": str,
    "plugins_input": dict,
}
_WINDOW: Shape = {"start_time": parse_time, "end_time": parse_time}
RECURRING_RUN: Shape = _SOURCE | {
    "recurring_run_id": str,
    "display_name": str,
    "description": str,
    "max_concurrency": int,
    "trigger": {
        "cron_schedule": _WINDOW | {"cron": str},
        "periodic_schedule": _WINDOW | {"interval_second": int},
    },
    "mode": _MODES,
    "created_at": parse_time,
    "updated_at": parse_time,
    "status": str,
    "no_catchup": bool,
    "namespace": str,
    "experiment_id": str,
    "plugins_input": dict,
}
_ONE_OF = [{"pipeline_spec", "pipeline_version_reference", "pipeline_version_id"}]
_ONE_OF += [{"cron_schedule", "periodic_schedule"}]


async def read(request: Request, shape: Shape) -> dict[str, Any]:
    try:
        body = read_json(await request.body() or b"{}")
    except ValueError as error:
        raise invalid(f"proto: syntax error: {error}") from None
    return _message(body, shape)


def _message(body: Any, shape: Shape) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid(f"proto: syntax error: expected an object, found {json.dumps(body)[:60]}")
    fields: dict[str, Any] = {}
    for key, value in body.items():
        name = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", key)
        if name not in shape:
            raise invalid(f'proto: unknown field "{key}"')
        if value is not None:
            fields[name] = _value(name, value, shape[name])
    for choice in _ONE_OF:
        if len(choice & fields.keys()) > 1:
            raise invalid(f"proto: oneof is already set: expected one of {', '.join(sorted(choice))}")
    check_namespace(fields.get("namespace", ""))
    # protobuf does not distinguish a field with the default value of its type from an absent field.
    return {name: value for name, value in fields.items() if value or isinstance(shape[name], dict)}


def _value(name: str, value: Any, expected: Any) -> Any:
    if isinstance(expected, dict):
        return _message(value, expected)
    if isinstance(expected, tuple):
        if value not in expected:
            raise invalid(f"proto: invalid value for enum field {name}: {json.dumps(value)[:60]}")
        return value
    if expected is int and re.fullmatch(r"-?\d{1,19}", json.dumps(value).strip('"')):
        return str(int(value))
    if not isinstance(value, str if expected is parse_time else expected) or expected is int:
        raise invalid(f"proto: invalid value for field {name}: {json.dumps(value)[:60]}")
    return format_time(parse_time(value)) if expected is parse_time else value
