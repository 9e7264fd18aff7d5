"""Tests of kubeflow/endpoint.py and kfp_client.py: which endpoint it is, and what is believed of it."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress

import kfp
import pytest
from kfp_server_api import V2beta1Run

from engine.command_line import SettingsError, WorldError
from engine.kubeflow import kfp_client
from engine.kubeflow.endpoint import connect, open_client, remote_host
from engine.kubeflow.kfp_client import Refused
from engine.tests.standins.odd_endpoint import Answer, OddEndpoint, error, odd_endpoint

LOGIN_PAGE = b"<!doctype html><html><body>Please log in</body></html>"
VARIABLES = (
    "KUBEFLOW_AUTH",
    "KUBEFLOW_HOST",
    "KUBEFLOW_TOKEN",
    "KUBEFLOW_NAMESPACE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)
SOON = (0.01, 0.01)
RUN = Answer(body=b'{"run_id": "1"}')


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in (*VARIABLES, *(each for base in ("http", "https", "no") for each in _cases(f"{base}_proxy"))):
        monkeypatch.delenv(name, raising=False)


def _cases(name: str) -> tuple[str, str]:
    return name, name.upper()


@pytest.fixture
def odd() -> Iterator[OddEndpoint]:
    with odd_endpoint() as endpoint:
        yield endpoint


def asked(odd: OddEndpoint) -> list[str]:
    return [f"{request.method} {request.path.partition('?')[0]}" for request in odd.requests]


def test_commands_without_a_host_start_a_local_server(tmp_path):
    with connect(tmp_path) as client:
        assert client.host.startswith("http://127.0.0.1:")
        assert client.list_runs().runs is None
    with pytest.raises(WorldError, match="the connection refused; kubectl apply -k infra/kubeflow/alb"):
        open_client(client.host, waits=[0.01])
    assert (tmp_path / ".mlops/kfp").is_dir()


@pytest.mark.parametrize(
    "health",
    [
        Answer(body=b'{"commit_sha": "af32f7b", "tag_name": "2.17.0", "multi_user": false}'),
        Answer(body=LOGIN_PAGE),
        Answer(status=403, body=b"{}"),
    ],
)
def test_a_port_that_leads_to_a_cluster_is_another_machine(odd, monkeypatch, health):
    odd.health = health
    monkeypatch.setenv("KUBEFLOW_HOST", odd.url)
    assert remote_host() == odd.url


def test_a_local_server_is_this_machine(tmp_path, monkeypatch):
    with connect(tmp_path) as client:
        monkeypatch.setenv("KUBEFLOW_HOST", f"{client.host}/")
        assert remote_host() is None


def test_another_host_is_another_machine_unasked(monkeypatch):
    monkeypatch.setenv("KUBEFLOW_HOST", "https://no-such-host.example.org/pipeline/")
    assert remote_host() == "https://no-such-host.example.org/pipeline"


def test_the_environment_names_host_token_and_namespace(odd, monkeypatch, tmp_path):
    odd.health = Answer(body=b'{"multi_user": true}')
    odd.answers = [RUN]
    monkeypatch.setenv("KUBEFLOW_HOST", f"{odd.url}/pipeline/")
    with (
        pytest.raises(
            SettingsError,
            match="expected KUBEFLOW_NAMESPACE, found none: ",
        ),
        connect(tmp_path),
    ):
        pass
    monkeypatch.setenv("KUBEFLOW_NAMESPACE", "mine")
    monkeypatch.setenv("KUBEFLOW_TOKEN", "secret")
    with connect(tmp_path) as client:
        client.get_run("1")
    assert asked(odd) == ["GET /pipeline/apis/v2beta1/runs/1"]
    assert odd.requests[0].headers["Authorization"] == "Bearer secret"
    assert client.get_user_namespace() == "mine"


def test_credentials_of_other_tools_on_the_machine_are_not_sent(odd, monkeypatch, tmp_path):
    context = tmp_path / "context.json"
    context.write_text(json.dumps({"namespace": "other", "client_authentication_cookie": "session=1"}))
    monkeypatch.setattr(kfp.Client, "_LOCAL_KFP_CONTEXT", str(context))
    monkeypatch.setenv("KF_PIPELINES_IAP_OAUTH2_CLIENT_ID", "someone")
    monkeypatch.setattr("kfp.client.auth.get_auth_token", lambda *_: pytest.fail("asked Google for a token"))
    monkeypatch.setattr(
        "kfp.client.auth.get_gcp_access_token", lambda: pytest.fail("asked Google for a token")
    )
    odd.answers = [error(401, "no")]
    client = open_client(odd.url)
    with pytest.raises(Refused):
        client.get_run("1")
    client._refresh_api_client_token()
    assert client.get_user_namespace() == ""
    assert not {"Cookie", "authorization", "Authorization"} & odd.requests[0].headers.keys()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(body=LOGIN_PAGE), "GET {url}: expected JSON, found HTML: a login page or a wrong path"),
        (Answer(body=b"hello"), "GET {url}: expected JSON, found b'hello': a login page or a wrong path"),
        (Answer(body=b"[]"), "GET {url}: expected JSON, found b'[]'"),
        (
            Answer(302, headers=(("Location", "https://login.example.org/"),)),
            "GET {url}: expected JSON, found a redirect to https://login.example.org/: a login page",
        ),
        (
            error(401, "no token"),
            "GET {url}: expected the request to be let in, found 401: no token: no token was sent; ",
        ),
        (
            error(403, "not you"),
            "GET {url}: expected success, found 403: not you; kubectl apply -k infra/kubeflow/ci-rbac",
        ),
        (error(404, "Run 1\nnot found"), "GET {url}: expected success, found 404 Not Found: Run 1 not found"),
        (Answer(404, LOGIN_PAGE), "GET {url}: expected success, found 404 Not Found"),
    ],
)
def test_an_answer_of_another_kind_is_one_clear_line(odd, answer, message):
    client = open_client(odd.url, waits=SOON)
    odd.answers = [answer]
    with pytest.raises(WorldError) as error:
        client.get_run("1")
    assert str(error.value).startswith(message.format(url=f"{odd.url}/apis/v2beta1/runs/1"))
    assert "\n" not in str(error.value)
    assert len(odd.requests) == 1


def test_a_login_page_is_noticed_at_the_door(odd):
    odd.health = Answer(body=LOGIN_PAGE)
    with pytest.raises(
        WorldError, match=r"GET .*/apis/v2beta1/healthz: expected JSON, found HTML: a login page"
    ):
        open_client(odd.url)


def test_json_of_something_else_has_no_ids(odd):
    client = open_client(odd.url)
    odd.answers = [Answer(body=b'{"welcome": "to my API"}')]
    with pytest.raises(WorldError, match="expected an answer with run_id, found none"):
        client.known(client.get_run("1"), "run_id")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_temporary_error_is_retried(odd, status):
    client = open_client(odd.url, waits=SOON)
    odd.answers = [error(status, "busy"), error(status, "busy"), RUN]
    assert client.get_run("1").run_id == "1"
    odd.answers = [error(status, "busy")]
    with pytest.raises(Refused, match=f"found {status} .*: busy"):
        client.get_run("1")
    assert len(odd.requests) == 3 + 3


@pytest.mark.parametrize(("status", "attempts"), [(429, 2), (503, 2), (500, 1), (502, 1), (504, 1)])
def test_nothing_is_created_twice(odd, status, attempts):
    client = open_client(odd.url, waits=SOON)
    odd.answers = [error(status, "busy"), RUN]
    with suppress(Refused):
        client._run_api.run_service_create_run(run=V2beta1Run(display_name="one"))
    assert asked(odd) == ["POST /apis/v2beta1/runs"] * attempts


def test_an_upload_is_whole_when_it_is_sent_again(odd, tmp_path):
    (tmp_path / "a.yaml").write_text("content")
    client = open_client(odd.url, waits=SOON)
    odd.answers = [error(503, "busy"), Answer(body=b'{"pipeline_id": "1"}')]
    client._upload_api.upload_pipeline(str(tmp_path / "a.yaml"), name="a")
    first, second = (request.headers for request in odd.requests)
    assert second["Content-Type"].startswith("multipart/form-data; boundary=")
    assert first["Content-Length"] == second["Content-Length"]


def test_a_run_is_terminated_until_the_server_confirms(odd):
    client = open_client(odd.url, waits=SOON)
    odd.answers = [error(500, "busy"), Answer()]
    client.terminate_run("1")
    assert asked(odd) == ["POST /apis/v2beta1/runs/1:terminate"] * 2


def test_a_server_that_never_answers_is_not_waited_for(odd, monkeypatch):
    client = open_client(odd.url, waits=SOON)
    monkeypatch.setattr(kfp_client, "TIMEOUT", (1, 0.05))
    odd.answers, odd.delay = [RUN], 0.2
    with pytest.raises(
        WorldError,
        match=r"expected an answer from 127.0.0.1, found none in 0.05 seconds",
    ):
        client.get_run("1")
    assert len(odd.requests) == 1 + len(SOON)


def test_a_server_may_say_how_long_to_wait(odd):
    client = open_client(odd.url, waits=[0.01])
    odd.answers = [Answer(429, headers=(("Retry-After", "1"),)), RUN]
    before = time.monotonic()
    client.get_run("1")
    assert time.monotonic() - before >= 1


@pytest.mark.parametrize(
    ("host", "message"),
    [
        (
            "kubeflow.example.org",
            "expected a URL such as https://host/pipeline, found 'kubeflow.example.org'",
        ),
        ("ftp://kubeflow", "expected a URL such as https://host/pipeline"),
        ("http://kubeflow.example.org", "expected https:// to send a token to, found 'http://kubeflow"),
    ],
)
def test_a_host_that_cannot_be_right_is_refused(host, message):
    with pytest.raises(SettingsError) as error:
        open_client(host, token="secret")
    assert str(error.value).startswith(f"KUBEFLOW_HOST: {message}")


def test_the_proxy_of_the_environment_is_used_but_for_this_machine(odd, monkeypatch):
    monkeypatch.setenv("http_proxy", odd.url)
    odd.answers = [RUN]
    open_client("http://kubeflow.example.org/pipeline").get_run("1")
    assert odd.requests.pop().path == "http://kubeflow.example.org/pipeline/apis/v2beta1/runs/1"
    open_client(odd.url).get_run("1")
    assert odd.requests.pop().path == "/apis/v2beta1/runs/1"
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises(WorldError, match=r"expected an address of no-such-host.example.org, found none"):
        open_client("http://no-such-host.example.org", waits=[0.01])


def test_the_certificate_authority_of_the_environment_is_trusted(monkeypatch, certificate):
    with odd_endpoint(certificate) as endpoint:
        with pytest.raises(WorldError, match=r"found .*certificate"):
            open_client(endpoint.url, waits=[0.01])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert open_client(endpoint.url).healthz()["multi_user"] is False
        monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
        with pytest.raises(SettingsError, match="SSL_CERT_FILE: expected a file of certificates, found none"):
            open_client(endpoint.url)
