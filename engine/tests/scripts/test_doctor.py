"""Tests of scripts/doctor.py: what it prints, and its exit status; the checks' are in engine/tests/doctor."""

import json
import socket

import pytest

from engine.access.entrance import AUDIENCE
from engine.doctor.endpoint import is_public
from engine.tests.standins.guarded_endpoint import GuardedEndpoint, guarded_endpoint
from engine.tests.standins.oidc_provider import SUBJECT, running_provider
from scripts.doctor import PERMISSIONS


@pytest.fixture
def guarded(authority, monkeypatch):
    """A provider, and the URL of an endpoint with an experiment behind a gateway that knows its tokens."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.path))
    with running_provider(authority.issue("provider").context()) as provider:
        endpoint = GuardedEndpoint(provider, experiments=[{"experiment_id": "1"}])
        with guarded_endpoint(endpoint, authority) as url:
            yield provider, url


def test_a_good_endpoint_is_all_ok_and_its_token_stays_secret(call, tmp_path, guarded):
    provider, url = guarded
    settings = {"KUBEFLOW_HOST": url, "KUBEFLOW_NAMESPACE": "staging", "KUBEFLOW_AUTH": "github-oidc"}
    done = call(tmp_path, "doctor", "--only", "endpoint", **settings, **provider.environment())
    assert done.status == 0
    assert f"ok      identity: mode github-oidc: iss {provider.issuer}, sub {SUBJECT}" in done.printed
    assert f"aud {AUDIENCE}, repository_id 2, expires 20" in done.printed
    assert "ok      right to run: may list experiments, pipelines and runs, and create runs" in done.printed
    for token in provider.minted:
        assert token not in done.printed + done.error + done.summary
        assert token.rpartition(".")[2] not in done.printed + done.error + done.summary


def test_a_failure_is_exit_status_1_with_its_repair(call, tmp_path):
    done = call(tmp_path, "doctor", "--only", "store", RESULTS_URI="bucket/results", MODEL_REGISTRY_URI="")
    assert done.status == 1
    assert "fail    RESULTS_URI: expected RESULTS_URI as s3://bucket/folder" in done.printed
    assert "repair: gh variable set RESULTS_URI --env <environment> --body s3://" in done.printed
    assert "RESULTS_URI: expected" in done.summary


def test_json_has_each_check(call, tmp_path):
    done = call(tmp_path, "doctor", "--only", "store", "--json", RESULTS_URI="bucket/results")
    document = json.loads(done.printed)
    assert (done.status, document["passed"]) == (1, False)
    assert {"check", "status", "found", "remedy", "name"} == document["checks"][0].keys()
    assert "store-uri" in {check["name"] for check in document["checks"]}


@pytest.mark.parametrize(
    ("identity", "status", "line"),
    [
        ("admin", 0, "ok      RESULTS_URI: {uri} refuses a conditional write that lost"),
        ("reader", 1, "fail    RESULTS_URI: expected the right to write {uri}, found AccessDenied"),
        (
            "stranger",
            1,
            "fail    RESULTS_URI: expected {uri} to know the access key, found Invalid",
        ),
    ],
)
def test_a_real_store_is_written_as_commands_would(call, tmp_path, seaweedfs, identity, status, line):
    from engine.stores import s3

    s3.forget_client()
    settings = seaweedfs.environment(identity) | {"RESULTS_URI": (uri := seaweedfs.new_folder())}
    done = call(tmp_path, "doctor", "--only", "store", **settings)
    s3.forget_client()
    assert (done.status, line.format(uri=uri) in done.printed) == (status, True), done.printed


def test_an_environment_that_the_token_may_not_read_is_skipped(call, tmp_path, github_api):
    github_api.environments["staging"] = {}
    done = call(tmp_path, "doctor", "--only", "github", **github_api.environment(**PERMISSIONS))
    line = "skipped environment staging: this token may not read it; run GITHUB_TOKEN=$(gh auth token) make"
    assert line in done.printed
    assert "warn    environment production: expected the environment production on GitHub" in done.printed


def test_a_refused_request_without_a_token_says_so(call, tmp_path, guarded):
    done = call(tmp_path, "doctor", "--only", "endpoint", KUBEFLOW_HOST=guarded[1], KUBEFLOW_AUTH="none")
    assert done.status == 1
    assert "found 403: RBAC: access denied: no token was sent" in done.printed


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("10.0.0.1", False), ("192.168.1.9", False), ("127.0.0.1", False)],
)
def test_a_host_is_public_by_its_address(monkeypatch, address, public):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    assert is_public("kubeflow.example.com") is public
    assert not is_public("localhost") and not is_public("ml-pipeline.kubeflow.svc")


def test_a_dry_run_writes_nothing(call, tmp_path):
    uri = (tmp_path / "results").as_uri()
    done = call(tmp_path, "doctor", "--only", "store", "canary", "--dry-run", RESULTS_URI=uri)
    assert done.status == 0 and not (tmp_path / "results").exists()


def test_a_run_of_one_step_writes_as_a_task_would(fresh, tmp_path):
    """On a real local KFP server, with the image's own files."""
    from engine.kubeflow.local_server import local_kfp

    results = tmp_path / "results"
    with local_kfp(tmp_path / "kfp", fresh.root / ".mlops/images") as url:
        settings = {"KUBEFLOW_HOST": url, "RESULTS_URI": results.as_uri()}
        done = fresh.run("doctor", "--only", "endpoint", "canary", **settings)
    assert done.returncode == 0, done.stderr
    assert "ok      run of one step" in done.stdout
    assert (results / "doctor/task").read_text() == "written by a task\n"
