"""Hostile requests are refused with one clear line, within seconds, and the server goes on."""

import base64
import gzip
import io
import json
import socket
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import yaml

from local_kfp.tests.real_server import EMOJI
from local_kfp.tests.server_process import ServerProcess, finish

PATIENCE_SECONDS = 5
DEEP = 100_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "stderr"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[ServerProcess]:
    """In a process of its own, because some of these requests ended it by a signal."""
    folder = tmp_path_factory.mktemp("server")
    with (
        log.open("w") as file,
        ServerProcess(folder / "state", folder / "images", log=file) as running,
        httpx.Client(base_url=f"{running.url}/apis/v2beta1", timeout=2 * PATIENCE_SECONDS) as http,
    ):
        running.http = http
        yield running


@pytest.fixture(autouse=True)
def _patience(server: ServerProcess, log: Path) -> Iterator[None]:
    start, written = time.monotonic(), len(log.read_text())
    yield
    assert time.monotonic() - start < PATIENCE_SECONDS
    assert server.http.get("healthz").json()["tag_name"]
    assert "Traceback" not in log.read_text()[written:]


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


SURROGATE = b'{"display_name": "\\ud800", "name": "\\ud800"}'
PARAMETERS = b'{"display_name": "a", "runtime_config": {"parameters": {"a": %s}}}'
BODIES = {
    "a deep list": deep(DEEP),
    "a deep list of parameters": PARAMETERS % deep(DEEP),
    "parameters of 200 levels": PARAMETERS % deep(200),
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a lone surrogate": SURROGATE,
    "a lone surrogate as a field": b'{"\\udfff": 1}',
    "bytes that are no text": b'{"name": "\xff\xfe"}',
    "not a number": PARAMETERS % b"NaN",
    "an infinite number": PARAMETERS % b"1e999",
    "a number of 10,000 digits": PARAMETERS % (b"9" * 10_000),
    "a name of two lines": b'{"display_name": "a\\n::error::b", "name": "a\\n::error::b"}',
    "a name with a null character": b'{"display_name": "a\\u0000", "name": "a\\u0000"}',
    "another encoding": '{"colour": 1}'.encode("utf-16"),
    "a long unknown field": json.dumps({"a" * 1_000_000: 1}).encode(),
}


@pytest.mark.parametrize("resource", ["experiments", "pipelines", "runs", "recurringruns"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_is_refused(server: ServerProcess, resource: str, body: bytes) -> None:
    refused = server.http.post(resource, content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, 3)
    assert "\n" not in refused.json()["message"] and len(refused.content) < 10_000


SPEC = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "p"},
    "root": {"dag": {"tasks": {}}},
    "components": {},
    "deploymentSpec": {"executors": {}},
}


def trigger(**schedule: Any) -> dict[str, Any]:
    return {"display_name": "a", "max_concurrency": 1, "trigger": schedule}


TRIGGERS = {
    "a start in the year 9999": {"cron_schedule": {"cron": "@daily", "start_time": "9999-12-31T23:59:59Z"}},
    "a start beyond the year 9999": {
        "cron_schedule": {"cron": "@daily", "start_time": "9999-12-31T23:59:59-12:00"}
    },
    "a start in the year 1": {
        "periodic_schedule": {"interval_second": 1, "start_time": "0001-01-01T00:00:00Z"}
    },
    "a start before the year 1": {
        "periodic_schedule": {"interval_second": 1, "start_time": "0001-01-01T00:00:00+12:00"}
    },
    "an end in the year 9999": {"cron_schedule": {"cron": "@daily", "end_time": "9999-12-31T00:00:00Z"}},
    "a time of another kind": {"cron_schedule": {"cron": "@daily", "end_time": ["9999"]}},
    "an endless interval": {"periodic_schedule": {"interval_second": 10**30}},
    "an interval of 10,000 digits": {"periodic_schedule": {"interval_second": "9" * 10_000}},
    "an endless duration": {"cron_schedule": {"cron": f"@every {'9' * 400}h"}},
    "a cron expression of a million parts": {
        "cron_schedule": {"cron": "* * * * " + ",".join("*" * 1_000_000)}
    },
}


ROOTS = {
    "an empty text": "",
    "null inputs": {"dag": {}, "inputDefinitions": None},
    "null parameters": {"dag": {}, "inputDefinitions": {"parameters": None}},
    "a parameter without type": {"dag": {}, "inputDefinitions": {"parameters": {"a": []}}},
}


@pytest.mark.parametrize("root", ROOTS.values(), ids=ROOTS)
def test_parameter_of_an_empty_message_is_refused(server: ServerProcess, root: Any) -> None:
    body = {"display_name": "a", "runtime_config": {"parameters": {"a": 1}}}
    refused = server.http.post("runs", json=body | {"pipeline_spec": SPEC | {"root": root}})
    assert refused.status_code == 400


@pytest.mark.parametrize("schedule", TRIGGERS.values(), ids=TRIGGERS)
def test_trigger_is_refused(server: ServerProcess, schedule: dict[str, Any]) -> None:
    refused = server.http.post("recurringruns", json=trigger(**schedule))
    assert refused.status_code == 400
    assert server.http.get("recurringruns").json() == {}
    assert httpx.get(server.url).status_code == 200


ALIASES = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
FILES = {
    "deep lists": deep(DEEP),
    "a deep block": b"".join(b" " * level + b"a:\n" for level in range(300)),
    "deep complex keys": b"? " * DEEP,
    "aliases of aliases": ALIASES.encode(),
    "an alias of itself": b"&a [*a]",
    "a tag": b"a: !!python/object/apply:os.system [true]",
    "a number without digits": b"a: !!int ''",
    "a flag without a value": b"a: !!bool x",
    "a number of 10,000 digits": b"a: " + b"9" * 10_000,
    "a number of a million parts": b"a: 1" + b":59" * 1_000_000,
    "an infinite number": json.dumps(SPEC).encode() + b"\n---\nplatforms: {a: .inf}",
    "a key that is a list": b"? [a]\n: 1",
    "a million values": b"[" + b"1," * 1_000_000 + b"1]",
    "bytes that are no text": b"\xff\xfe\xfd",
    "control characters": b"a: \x00\x07",
    "names with underscores": yaml.safe_dump(
        {"schema_version" if name == "schemaVersion" else name: value for name, value in SPEC.items()}
        | {"pipeline_info": SPEC["pipelineInfo"]}
    ).encode(),
    "info with underscores": yaml.safe_dump(
        {name: value for name, value in SPEC.items() if name != "pipelineInfo"}
        | {"pipeline_info": SPEC["pipelineInfo"]}
    ).encode(),
    "a root that is a number": json.dumps(SPEC | {"root": 3}).encode(),
    "a name of a version that is a list": json.dumps(SPEC | {"schemaVersion": ["2.1.0"]}).encode(),
    "a duration that is an object": json.dumps(
        SPEC | {"root": {"dag": {"tasks": {"a": {"retryPolicy": {"backoffDuration": {"a": 1}}}}}}}
    ).encode(),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_uploaded_file_is_refused(server: ServerProcess, content: bytes) -> None:
    refused = server.http.post("pipelines/upload?name=p", files={"uploadfile": ("p.yaml", content)})
    assert refused.status_code == 400
    assert "\n" not in refused.json()["error_message"] and len(refused.content) < 10_000


def zipped(content: bytes, name: str = "pipeline.yaml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def tarred(size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("pipeline.yaml")
        member.size, member.type, member.linkname = size, kind, "nothing"
        archive.addfile(member, io.BytesIO(bytes(size)))
    return gzip.compress(file.getvalue())


LARGE = 200 << 20
ARCHIVES = {
    "a zip of 200 MB": zipped(bytes(LARGE)),
    "a tar.gz of 200 MB": tarred(LARGE),
    "a tar.gz of a link": tarred(0, tarfile.SYMTYPE),
    "a tar.gz of a folder": tarred(0, tarfile.DIRTYPE),
    "a damaged zip": zipped(b"a" * 1000).replace(b"\x4b\x4c", b"\xff\xff"),
    "a zip that ends early": zipped(b"a" * 1000)[:-30],
    "an encrypted zip": zipped(b"a").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    ),
    "a damaged tar.gz": tarred(1000)[:-20],
    "a zip of deep lists": zipped(deep(DEEP)),
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
def test_archive_is_refused(server: ServerProcess, content: bytes) -> None:
    refused = server.http.post("pipelines/upload?name=p", files={"uploadfile": ("p.zip", content)})
    assert refused.status_code == 400
    assert "\n" not in refused.json()["error_message"]


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
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
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


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", "\xff"]
)
def test_malformed_upload_is_refused(server: ServerProcess, kind: str) -> None:
    headers = {b"content-type": kind.encode("latin-1")}
    refused = server.http.post("pipelines/upload?name=p", content=b"--\r\n\x00", headers=headers)
    assert refused.status_code == 400


def test_body_without_end_is_refused(server: ServerProcess) -> None:
    chunk = bytes(1 << 20)
    refused = server.http.post("runs", content=(chunk for _ in range(40)))
    assert refused.status_code == 400
    assert "File size too large" in refused.text


def changed(document: Any, random: Random) -> Any:
    """A document with fields that are missing, have another name, or another value."""
    if random.random() < 0.03:
        return random.choice(ODD)
    if isinstance(document, dict):
        names = [name for name in document if random.random() > 0.01]
        return {
            name if random.random() > 0.01 else f"_{name}X": changed(document[name], random) for name in names
        }
    return [changed(item, random) for item in document] if isinstance(document, list) else document


ODD = (None, True, -1, 2**31, 2**63, 1e308, "", " ", "\n::error::", "*", "\u2028", "9999-12-31T23:59:59Z")
ODD += ([], {}, [[]], {"a": None}, "a" * 300, "{{inputs", "[[CurrentTime.%s]]", "@every -1h", EMOJI)
WINDOW = {"start_time": "2013-09-01T00:00:00Z", "end_time": "2013-10-01T00:00:00Z"}
PIPELINE = SPEC | {
    "root": {
        "dag": {"tasks": {"a": {"taskInfo": {"name": "a"}, "componentRef": {"name": "c"}}}},
        "inputDefinitions": {"parameters": {"a": {"parameterType": "STRING", "isOptional": True}}},
    },
    "components": {"c": {"executorLabel": "e"}},
    "deploymentSpec": {"executors": {"e": {"container": {"image": "i", "command": ["c"]}}}},
}
COMMON = {
    "display_name": "a",
    "description": "b",
    "pipeline_spec": PIPELINE,
    "runtime_config": {"parameters": {"a": "b"}, "pipeline_root": "c"},
}
RECURRING = COMMON | {"max_concurrency": "1", "mode": "DISABLE", "no_catchup": True}
REQUESTS = {
    "runs": COMMON,
    "recurringruns": RECURRING | {"trigger": {"cron_schedule": WINDOW | {"cron": "0 0 9 * * 1-5"}}},
    "experiments": {"display_name": "a", "description": "b", "created_at": "2013-09-01T00:00:00Z"},
    "pipelines": {"name": "a", "display_name": "b", "tags": {"a": "b"}},
}


@pytest.mark.parametrize("resource", REQUESTS)
def test_randomly_changed_request_has_a_response(server: ServerProcess, resource: str) -> None:
    random, statuses = Random(resource), set()
    missing = {"experiment_id": "missing"} if resource == "runs" else {}  # no process is started
    for _ in range(50):
        body = changed(REQUESTS[resource], random)
        response = server.http.post(resource, json=body | missing if isinstance(body, dict) else body)
        statuses.add(response.status_code)
        assert response.status_code == 200 or response.json()["message"]
    assert 400 in statuses and statuses <= {200, 400, 404, 409, 500}
    assert httpx.get(server.url).status_code == 200
