"""Hostile queries, headers and paths are refused with one clear line."""

import base64
import json
import socket
from typing import Any

import httpx
import pytest

from local_kfp.tests.hostile.documents import SPEC, deep
from local_kfp.tests.server_process import ServerProcess, finish

ANSWER_SECONDS = 5


def token(*first: Any) -> str:
    page = {"sort_by": "", "filter": "", "from": first}
    return base64.b64encode(json.dumps(page).encode()).decode()


def predicates(*listed: Any) -> str:
    return json.dumps({"predicates": listed})


def predicate(**fields: Any) -> str:
    return predicates({"operation": "EQUALS", "key": "created_at"} | fields)


QUERIES = {
    "a deep filter": {"filter": deep(2000).decode()},
    "a filter of an object": {"filter": predicate(stringValue={"a": 1})},
    "a filter of a large number": {"filter": predicate(longValue=str(2**63))},
    "a filter of an endless number": {"filter": predicate(intValue="9" * 5000)},
    "a filter of a time before all": {"filter": predicate(timestampValue="0001-01-01T00:00:00+23:59")},
    "a filter of a surrogate": {"filter": '{"predicates": [{"operation": "EQUALS", "key": "\\ud800"}]}'},
    "a filter of 1,000 values": {"filter": predicate(operation="IN", intValues={"values": [1] * 1000})},
    "a filter of 1,000 predicates": {"filter": predicates(*[{"key": "a"}] * 1000)},
    "a filter that is a list": {"filter": "[1]"},
    "a token of deep lists": {"page_token": base64.b64encode(deep(20_000)).decode()},
    "a token of objects": {"page_token": token({}, {})},
    "a token of large numbers": {"page_token": token(2**70, 2**70)},
    "a page of 10,000 digits": {"page_size": "9" * 10_000},
    "a long field to sort by": {"sort_by": "a" * 30_000},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_query_is_refused(server: ServerProcess, query: dict[str, str]) -> None:
    refused = server.http.get("experiments", params=query)
    assert (refused.status_code, refused.json()["code"]) == (400, 3)


def test_filter_takes_no_exponential_time(server: ServerProcess) -> None:
    name = "a" * 128
    server.http.post("experiments", json={"display_name": name})
    slow = predicates({"operation": "IS_SUBSTRING", "key": "name", "stringValue": "a%25" * 20 + "b"})
    assert server.http.get("experiments", params={"filter": slow}).json() == {}


def raw(server: ServerProcess, request: bytes) -> bytes:
    """The response to bytes that no client sends."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


@pytest.mark.parametrize("value", [b"[", b"[::1", b"]", b"", b"a b", b"127.0.0.1@evil.example", b"\xe4\xff"])
@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_malformed_host_or_origin_is_refused(server: ServerProcess, header: str, value: bytes) -> None:
    own = b"" if header == "Host" else b"Host: localhost\r\n"
    request = b"GET /apis/v2beta1/runs HTTP/1.1\r\n%s%s: %s\r\nConnection: close\r\n\r\n"
    status = raw(server, request % (own, header.encode(), value)).split()[1]
    assert status in (b"403", b"400")


@pytest.fixture(scope="module")
def run(server: ServerProcess) -> str:
    """The id of a run that has ended."""
    body = {"display_name": "a", "pipeline_spec": SPEC}
    return finish(server.client, server.http.post("runs", json=body).json()["run_id"]).run_id


@pytest.mark.parametrize(
    "path", ["%00", "%2e%2e%00", "a" * 5000, "%ff%fe", "%ed%a0%80", "a%0ab", "a" * 255 + "/b"]
)
def test_path_is_not_found(server: ServerProcess, run: str, path: str) -> None:
    for prefix in (f"runs/{run}/artifacts/", f"runs/{run}/logs/", "runs/", "apis/v2beta1/runs/"):
        response = httpx.get(f"{server.url}/{prefix}{path}")
        assert response.status_code in (400, 404), prefix
