import asyncio
from typing import Any

import httpx
import kfp
import kfp_server_api
import pytest
from starlette.responses import JSONResponse

from local_kfp.server.app import API_VERSION
from local_kfp.tests.api_description import Checked, errors, operation, operations, schema_of
from local_kfp.tests.in_process import InProcessServer, wait_until

NOT_OFFERED = {  # nothing of the project calls these
    "auth_service_authorize",
    "dummy_filter_service_get_filter",
    "pipeline_service_create_pipeline_and_version",
    "pipeline_service_create_pipeline_version",
    "pipeline_service_update_pipeline_version",
    "report_service_report_scheduled_workflow",
    "report_service_report_workflow",
    "visualization_service_create_visualization_v1",
}


@pytest.fixture(scope="module")
def server(shared_server: InProcessServer) -> InProcessServer:
    return shared_server


def test_every_call_matches_the_api_description(server: InProcessServer, client: kfp.Client, package: str):
    assert client.get_kfp_healthz().multi_user is False
    experiment = client.create_experiment("tour").experiment_id
    client.list_experiments()
    client.archive_experiment(experiment)
    client.unarchive_experiment(experiment)
    client.get_experiment(experiment)
    pipeline = client.upload_pipeline(package, "greeting").pipeline_id
    client._pipelines_api.pipeline_service_get_pipeline_by_name("greeting")
    client._pipelines_api.pipeline_service_create_pipeline({"name": "empty"})
    client.get_pipeline(pipeline)
    client._pipelines_api.pipeline_service_update_pipeline(pipeline, {"description": "changed"})
    version = client.upload_pipeline_version(package, "v2", pipeline).pipeline_version_id
    client.get_pipeline_version(pipeline, version)
    named = {"pipeline_id": pipeline, "version_id": version}
    arguments = {"times": 2, "extra": {"a": [1.5, None, "x"]}, "behave": "hang"}
    run = client.run_pipeline(
        experiment, "tour", params=arguments, pipeline_root="/somewhere", **named
    ).run_id
    client.get_run(run)
    client.list_runs()
    client.terminate_run(run)
    wait_until(lambda: client.get_run(run).state == "FAILED")
    client._run_api.run_service_retry_run(run)
    client.archive_run(run)
    client.unarchive_run(run)
    client.delete_run(run)
    when = {"cron_expression": "0 0 9 * * *", "start_time": "2013-09-01T00:00:00Z", "no_catchup": True}
    recurring = client.create_recurring_run(experiment, "tour", **when, **named).recurring_run_id
    client.create_recurring_run(
        experiment, "tour", interval_second=60, pipeline_package_path=package, enabled=False
    )
    client.get_recurring_run(recurring)
    client.list_recurring_runs()
    client.disable_recurring_run(recurring)
    client.enable_recurring_run(recurring)
    client.delete_recurring_run(recurring)
    client.list_pipelines()
    client.list_pipeline_versions(pipeline)
    client.delete_pipeline_version(pipeline, version)
    client._pipelines_api.pipeline_service_delete_pipeline(pipeline, cascade=True)
    client.delete_experiment(experiment)
    assert {call.name for call in operations()} - server.seen == NOT_OFFERED


def test_api_package_has_the_minor_version_of_the_server():
    assert kfp_server_api.__version__.split(".")[:2] == API_VERSION.split(".")[:2]


RUN = {"display_name": "a", "created_at": "2013-09-01T00:00:00Z", "state": "FAILED"}


@pytest.mark.parametrize(
    "change",
    [
        {"dispay_name": "a"},
        {"display_name": 1},
        {"created_at": "yesterday"},
        {"state": "BROKEN"},
        {"pipeline_spec": "p"},
        {"state_history": {}},
        {"run_details": {"task_details": [{"name": "a"}]}},
        {"run_details": {"task_details": [{"execution_id": 3}]}},
        {"run_details": {"task_details": [{"inputs": {"a": {"artifact_ids": ["x"]}}}]}},
        {"error": {"code": "3"}},
    ],
)
def test_check_finds_a_response_that_the_models_do_not_describe(change: dict[str, Any]):
    assert not errors(schema_of("V2beta1Run"), RUN)
    assert errors(schema_of("V2beta1Run"), RUN | change)


def test_check_finds_a_request_that_the_package_does_not_send():
    assert operation("POST", "/apis/v2beta1/nothing") is None
    assert operation("PUT", "/apis/v2beta1/runs") is None
    create = operation("POST", "/apis/v2beta1/recurringruns")
    assert not create.request_errors(set(), b'{"max_concurrency": 1, "display_name": "a"}')
    assert create.request_errors({"experiment_id"}, b"{}") == ["undescribed parameter experiment_id"]
    assert create.request_errors(set(), b'{"max_concurrency": "one"}')
    assert create.request_errors(set(), b'{"trigger": {"cron_schedule": {"timezone": "UTC"}}}')
    assert errors(operation("POST", "/apis/v2beta1/runs/a:archive").response_schema(), {"run_id": "a"})


@pytest.mark.parametrize(
    ("path", "status", "answer", "departures"),
    [
        ("runs/a?experiment_id=b", 200, {"run_id": "a"}, []),
        ("runs/a?colour=red", 200, {"run_id": "a"}, ["undescribed parameter colour"]),
        ("runs/a", 200, {"run_id": 3}, ["$.run_id: 3 is not of type 'string'"]),
        ("runs/a", 404, {"code": "5"}, ["$.code: '5' is not of type 'integer'"]),
        ("nothing", 200, {}, ["not described"]),
    ],
)
def test_check_records_departures_of_the_server(path: str, status: int, answer: Any, departures: list[str]):
    noted: list[str] = []
    checked = httpx.ASGITransport(Checked(JSONResponse(answer, status), noted, set(), []))

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=checked) as client:
            return await client.get(f"http://127.0.0.1/apis/v2beta1/{path}")

    assert asyncio.run(get()).json() == answer
    assert [departure.partition(f"-> {status}: ")[2] for departure in noted] == departures


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"name": "p", "colour": "red"}', 'unknown field "colour"'),
        (b'{"name": 3}', "invalid value for field name: 3"),
        (b'["name"]', "expected an object"),
        (b"name=p", "proto: syntax error"),
    ],
)
def test_bodies_are_read_strictly(server: InProcessServer, body: bytes, reason: str):
    response = httpx.post(f"{server.url}/apis/v2beta1/pipelines", content=body)
    assert (response.status_code, response.json()["code"]) == (400, 3)
    assert reason in response.json()["message"]
    detail = {
        "@type": "type.googleapis.com/google.rpc.Status",
        "code": 3,
        "message": response.json()["message"],
    }
    assert response.json()["details"] == [detail]


def test_bodies_can_be_in_camel_case_and_name_one_source(server: InProcessServer):
    runs = f"{server.url}/apis/v2beta1/runs"
    response = httpx.post(runs, json={"displayName": "a", "pipelineVersionReference": {"pipelineId": "none"}})
    assert "Pipeline none not found" in response.json()["message"]
    response = httpx.post(runs, json={"pipeline_spec": {}, "pipeline_version_reference": {}})
    assert "oneof is already set" in response.json()["message"]


def test_unknown_paths_and_methods_are_refused(server: InProcessServer):
    response = httpx.get(f"{server.url}/apis/v2beta1/nothing")
    assert (response.status_code, response.json()["message"]) == (404, "Not Found")
    response = httpx.put(f"{server.url}/apis/v2beta1/runs")
    assert (response.status_code, response.json()["message"]) == (501, "Method Not Allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:80"},
        {"host": "127.0.0.1.example"},
        {"origin": "https://somewhere.example"},
        {"origin": "null"},
    ],
)
def test_requests_of_foreign_pages_are_refused(server: InProcessServer, headers: dict[str, str]):
    assert httpx.post(f"{server.url}/apis/v2beta1/runs", headers=headers, json={}).status_code == 403


def test_localhost_is_accepted(server: InProcessServer):
    url = server.url.replace("127.0.0.1", "localhost")
    headers = {"host": url.removeprefix("http://"), "origin": url}
    assert httpx.get(f"{server.url}/apis/v2beta1/healthz", headers=headers).json()["tag_name"] == "2.17.0"
