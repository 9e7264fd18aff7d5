"""The request bodies of the API, read as strictly as by the real server: no unknown field, no wrong type.

Fields are returned in the form of responses: names with underscores, 64-bit integers as strings, times
in UTC.
"""

import json
import re
from typing import (
    Any,
    Literal,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from starlette.requests import Request

from local_kfp import json_types
from local_kfp.json_types import JsonValue, Struct
from local_kfp.server.clock import format_time, parse_time
from local_kfp.server.documents import read_json
from local_kfp.server.errors import invalid
from local_kfp.server.resources import Int64, Time

Message = TypeVar("Message")
_ONE_OF = [{"pipeline_spec", "pipeline_version_reference", "pipeline_version_id"}]
_ONE_OF += [{"cron_schedule", "periodic_schedule"}]


async def read(request: Request, message: type[Message]) -> Message:
    try:
        body = read_json(await request.body() or b"{}")
    except ValueError as error:
        raise invalid(f"proto: syntax error: {error}") from None
    return _message(body, message)  # type: ignore[return-value] # of the type that it was checked against


def _message(body: JsonValue, message: type) -> Struct:
    if not isinstance(body, dict):
        raise invalid(f"proto: syntax error: expected an object, found {json.dumps(body)[:60]}")
    types = get_type_hints(message, localns=vars(json_types), include_extras=True)
    fields: Struct = {}
    for key, value in body.items():
        name = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", key)
        if name not in types:
            raise invalid(f'proto: unknown field "{key}"')
        if value is not None:
            fields[name] = _value(name, value, types[name])
    for choice in _ONE_OF:
        if len(choice & fields.keys()) > 1:
            raise invalid(f"proto: oneof is already set: expected one of {', '.join(sorted(choice))}")
    # protobuf does not distinguish a field with the default value of its type from an absent field.
    return {name: value for name, value in fields.items() if value or is_typeddict(types[name])}


def _value(name: str, value: JsonValue, kind: Any) -> JsonValue:
    if is_typeddict(kind):
        return _message(value, kind)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise invalid(f"proto: invalid value for enum field {name}: {json.dumps(value)[:60]}")
        return value
    if kind == Int64:
        digits = json.dumps(value).strip('"')
        if re.fullmatch(r"-?\d{1,19}", digits):
            return str(int(digits))
    elif kind == Time:
        if isinstance(value, str):
            return format_time(parse_time(value))
    else:
        expected: type = get_origin(kind) or kind
        if isinstance(value, expected):
            return value
    raise invalid(f"proto: invalid value for field {name}: {json.dumps(value)[:60]}")
