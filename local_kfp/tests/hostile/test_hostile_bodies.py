"""Hostile bodies of requests are refused with one clear line."""

import json
from random import Random
from typing import Any

import httpx
import pytest

from local_kfp.tests.hostile.documents import DEEP, SPEC, deep
from local_kfp.tests.real_server import EMOJI
from local_kfp.tests.server_process import ServerProcess

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
