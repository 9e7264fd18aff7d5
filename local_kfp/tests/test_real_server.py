"""The local server gives the answers that were recorded from the real one."""

import json

import httpx
import kfp
import pytest

from local_kfp.tests.in_process import InProcessServer, connect, wait_until
from local_kfp.tests.real_server import EXCHANGES, GRPC_CODES, Exchange

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def server(shared_server: InProcessServer) -> InProcessServer:
    return shared_server


@pytest.fixture(scope="module")
def identities(server: InProcessServer, package: str) -> dict[str, str]:
    """The ids that requests name."""
    client: kfp.Client = connect(server.url)
    pipeline = client.upload_pipeline(package, "greeting").pipeline_id
    version = client.list_pipeline_versions(pipeline).pipeline_versions[0].pipeline_version_id
    experiment = client.create_experiment("mine").experiment_id
    source = {"pipeline_id": pipeline, "version_id": version}
    running = client.run_pipeline(experiment, "running", params={"behave": "hang"}, **source).run_id
    succeeded = client.run_pipeline(experiment, "succeeded", **source).run_id
    wait_until(lambda: client.get_run(succeeded).state == "SUCCEEDED")
    return {
        "missing": MISSING,
        "pipeline": pipeline,
        "version": version,
        "running": running,
        "succeeded": succeeded,
    }


def send(url: str, exchange: Exchange, identities: dict[str, str]) -> httpx.Response:
    text = json.dumps([exchange.request, exchange.body])
    for name, identity in identities.items():
        text = text.replace(f"<{name}>", identity)
    request, body = json.loads(text)
    method, _, path = request.partition(" ")
    return httpx.request(method, f"{url}/apis/v2beta1{path}", json=body)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_local_server_answers_as_the_real_one(
    server: InProcessServer, identities: dict[str, str], exchange: Exchange
):
    response = send(server.url, exchange, identities)
    assert response.status_code == exchange.status, response.text
    if exchange.status != 200:
        assert response.json()["code"] == (exchange.code or GRPC_CODES[exchange.status])
        assert exchange.message in response.json()["message"]
