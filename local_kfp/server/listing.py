"""The lists of the API: filtered by predicates, sorted, in pages."""

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import unquote_plus

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse

from local_kfp.server.clock import parse_time
from local_kfp.server.documents import read_json
from local_kfp.server.errors import invalid
from local_kfp.server.store import Store, key_of

Fields = dict[str, str]  # fields to filter and sort by: name in the API -> column


def _same(*names: str) -> Fields:
    return dict(zip(names, names, strict=True))


_COMMON = _same("display_name", "created_at", "description")
_NAMED_BY_DISPLAY = _COMMON | {"name": "display_name"}
_FIELDS = {
    "pipelines": _COMMON | _same("name"),
    "pipeline_versions": _COMMON | _same("name"),
    "experiments": _NAMED_BY_DISPLAY | _same("last_run_created_at", "storage_state"),
    "runs": _NAMED_BY_DISPLAY
    | _same("finished_at", "scheduled_at", "storage_state", "state", "experiment_id", "recurring_run_id")
    | {"status": "state"},
    "recurring_runs": _NAMED_BY_DISPLAY | _same("updated_at"),
}
_OPERATIONS = {
    "EQUALS": "=",
    "NOT_EQUALS": "<>",
    "GREATER_THAN": ">",
    "GREATER_THAN_EQUALS": ">=",
    "LESS_THAN": "<",
    "LESS_THAN_EQUALS": "<=",
    "IN": "IN",
    "IS_SUBSTRING": "instr",
}
_NUMBERED = dict(zip((1, 2, 3, 5, 6, 7, 8, 9), _OPERATIONS, strict=True))  # as kfp.Client sends them
_SCALARS = {"int_value", "long_value", "string_value", "timestamp_value"}
_ARRAYS = {"int_values", "long_values", "string_values"}
_DEFAULT_PAGE, _LARGEST_PAGE = 20, 200
_MOST_VALUES = 200


def list_rows(
    store: Store, table: str, query: QueryParams, **equal: str
) -> tuple[list[Any], dict[str, object]]:
    """The rows of a page, and the other fields of the response; `equal` narrows by column."""
    size = _page_size(query.get("page_size", ""))
    page = _read_token(query.get("page_token", "")) or {}
    sort_by, filter_text = (page.get(name, query.get(name, "")) for name in ("sort_by", "filter"))
    if page and any(query.get(name, page[name]) not in ("", page[name]) for name in ("sort_by", "filter")):
        raise invalid("page token does not match the supplied sort by and/or filtering criteria")
    fields = _FIELDS[table] | _same(key_of(table)) | {"id": key_of(table)}
    column, direction = _sorting(sort_by, fields)
    conditions, values = _conditions(filter_text, fields)
    conditions += [f"{name} = ?" for name in equal]
    values += equal.values()
    where = " AND ".join(conditions) or "TRUE"
    total = store.query(f"SELECT count(*) AS total FROM {table} WHERE {where}", *values)[0]["total"]
    if page:
        where += f" AND ({column}, rowid) {'<=' if direction == 'DESC' else '>='} (?, ?)"
        values += page["from"]
    order = f"{column} {direction}, rowid {direction}"  # equal rows in order of creation
    rows = store.query(
        f"SELECT *, rowid AS local_row FROM {table} WHERE {where} ORDER BY {order} LIMIT ?", *values, size + 1
    )
    response = {"total_size": total} if total else {}
    if len(rows) > size:
        first = [rows[size][column], rows[size]["local_row"]]
        response["next_page_token"] = _token({"sort_by": sort_by, "filter": filter_text, "from": first})
    return rows[:size], response


def list_response(name: str, rows: list[dict[str, object]], rest: dict[str, object]) -> JSONResponse:
    return JSONResponse(({name: rows} if rows else {}) | rest)


def _page_size(text: str) -> int:
    try:
        size = int(text or 0)
    except ValueError:
        raise invalid(f"parsing field page_size: invalid syntax {text!r}") from None
    if size < 0:
        raise invalid(f"The page size should be greater than 0. Got {size}")
    return min(size or _DEFAULT_PAGE, _LARGEST_PAGE)


def _token(page: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(page).encode()).decode()


def _read_token(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        page = read_json(base64.b64decode(text, validate=True))
        value, row = page["from"]
        first = [value if isinstance(value, str) else _int64(value), _int64(row)]
        return {"sort_by": str(page["sort_by"]), "filter": str(page["filter"]), "from": first}
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid("Invalid page token") from None


def _sorting(sort_by: str, fields: Fields) -> tuple[str, str]:
    match sort_by.lower().split():
        case []:
            return "created_at", "ASC"
        case [field, ("asc" | "desc") as direction]:
            pass
        case [field]:
            direction = "asc"
        case _:
            raise invalid(
                f'Received invalid sort by format "{sort_by}". Supported format: "field_name", '
                '"field_name desc", or "field_name asc"'
            )
    if field not in fields:
        raise invalid(f'Invalid sorting field: "{field}"; expected one of {", ".join(sorted(fields))}')
    return fields[field], direction.upper()


def _conditions(text: str, fields: Fields) -> tuple[list[str], list[Any]]:
    if not text:
        return [], []
    conditions: list[str] = []
    values: list[Any] = []
    for predicate in _predicates(text):
        operation, key, value = predicate
        if key not in fields:
            raise invalid(f'no support for filtering on unrecognized field "{key}"')
        if isinstance(value, list) != (operation == "IN"):
            raise invalid(f"cannot use operator {operation} with the value {json.dumps(value)}")
        if operation == "IS_SUBSTRING" and not isinstance(value, str):
            raise invalid(f"cannot use non string value {json.dumps(value)} with operator IS_SUBSTRING")
        marks = f"({', '.join('?' * len(value))})" if operation == "IN" else "?"
        column = fields[key]
        if operation == "IS_SUBSTRING":  # LIKE takes exponential time for some patterns
            conditions.append(f"instr(lower({column}), lower(?)) > 0")
        else:
            conditions.append(f"{column} {_OPERATIONS[operation]} {marks}")
        values += value if operation == "IN" else [value]
    return conditions, values


def _predicates(text: str) -> list[tuple[str, str, Any]]:
    """Operation, key and value of each predicate of a filter: JSON that is decoded as a URL once more.

    So a plain `%` is an error, and a plain `+` is a space.
    """
    if escape := re.search("%(?![0-9a-fA-F]{2}).{0,2}", text):
        raise invalid(
            f'failed to parse valid filter from {json.dumps(text)}: invalid URL escape "{escape[0]}"'
        )
    try:
        document = read_json(unquote_plus(text))
        if document.keys() - {"predicates"}:
            raise ValueError(f"unknown field {sorted(document.keys() - {'predicates'})[0]}")
        predicates = document.get("predicates") or []
        if len(predicates) > _MOST_VALUES:
            raise ValueError(f"expected at most {_MOST_VALUES} predicates")
        return [_predicate(dict(predicate)) for predicate in predicates]
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise invalid(f"failed to parse valid filter from {json.dumps(text)}: {error}") from None


def _predicate(fields: dict[str, Any]) -> tuple[str, str, Any]:
    operation, key = fields.pop("operation", None), fields.pop("key", "")
    operation = _NUMBERED.get(operation, operation)
    if operation not in _OPERATIONS or not key:
        raise ValueError(f"invalid predicate operation {operation} on the key {json.dumps(key)}")
    [(kind, value)] = fields.items()
    name = kind.replace("V", "_v")  # kfp.Client writes stringValue
    if name in _ARRAYS:
        value = value["values"]
        if len(value) > _MOST_VALUES:
            raise ValueError(f"expected at most {_MOST_VALUES} values")
    elif name == "timestamp_value":
        value = parse_time(value)
    elif name not in _SCALARS:
        raise ValueError(f"unknown field {kind}")
    return (
        operation,
        key,
        [*map(_number, [name] * len(value), value)] if name in _ARRAYS else _number(name, value),
    )


def _number(name: str, value: Any) -> Any:
    if name.startswith(("int", "long")):
        return _int64(int(value))
    if name.startswith("string") and not isinstance(value, str):
        raise TypeError(f"expected a string, found {json.dumps(value)[:60]}")
    return value


def _int64(value: Any) -> int:
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError(f"expected a 64-bit integer, found {json.dumps(value)[:60]}")
    return value
