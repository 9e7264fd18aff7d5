"""Each mode lets requests in with its own credentials, and KUBEFLOW_AUTH chooses among them."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from engine.access import modes
from engine.access.modes import MODES, entered, mode_of
from engine.access.refusals import DiagnosedError
from engine.access.tokens import Clock, claims, described
from engine.command_line import SettingsError
from engine.tests.standins.authority import Authority
from engine.tests.standins.http_server import serving_requests
from engine.tests.standins.oidc_provider import SUBJECT, OidcProvider
from engine.tests.standins.token_api import TokenApi

HOST = "https://kubeflow.example.com/pipeline"
NAMESPACE = {"KUBEFLOW_NAMESPACE": "staging"}
PAGE = (Path(__file__).parents[3] / "docs/doctor.md").read_text()
KUBECTL = """#!{python}
import json, pathlib, sys, time
options = dict(each.removeprefix("--").split("=") for each in sys.argv if each.startswith("--"))
pathlib.Path("{folder}/calls").open("a").write(json.dumps(sys.argv[1:]) + "\\n")
pathlib.Path("{folder}/kubeconfig").write_text(pathlib.Path(options["kubeconfig"]).read_text())
print("Forwarding from 127.0.0.1:" + (sys.argv[-1].split(":")[0] or "40123") + " -> 8080", flush=True)
time.sleep({seconds})
"""


@pytest.fixture
def cluster_api(provider: OidcProvider, authority: Authority, tmp_path: Path) -> Iterator[TokenApi]:
    api = TokenApi(provider, authority)
    with serving_requests(api.answer, authority.issue("cluster").context()) as host:
        api.url = f"https://{host}"
        yield api


@pytest.fixture
def kubeconfig(cluster_api: TokenApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": cluster_api.url,
                    "certificate-authority": str(cluster_api.authority.path),
                },
            }
        ],
        "users": [{"name": "u", "user": {"token": "of-the-kubeconfig"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))


@pytest.fixture
def eks(cluster_api: TokenApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    for name, value in {
        "AWS_ENDPOINT_URL_EKS": cluster_api.url,
        "AWS_CA_BUNDLE": str(cluster_api.authority.path),
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_SESSION_TOKEN": "session",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PATH": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    return {"KUBEFLOW_AUTH": "eks-oidc", "EKS_CLUSTER": "mlops"}


def kubectl(folder: Path, seconds: int = 60) -> None:
    program = folder / "kubectl"
    program.write_text(KUBECTL.format(python=sys.executable, folder=folder, seconds=seconds))
    program.chmod(0o755)


def test_the_page_has_the_modes() -> None:
    assert f"\n{modes.table()}\n" in PAGE


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "none"),
        ({"KUBEFLOW_TOKEN": "t"}, "token"),
        ({"KUBEFLOW_TOKEN": "t", "KUBEFLOW_AUTH": "none"}, "none"),
        *(({"KUBEFLOW_AUTH": name}, name) for name in MODES),
    ],
)
def test_the_mode_is_chosen_by_kubeflow_auth(settings: dict[str, str], name: str) -> None:
    assert mode_of(settings).name == name


def test_an_unknown_mode_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="found 'github-oicd'; did you mean github-oidc"):
        mode_of({"KUBEFLOW_AUTH": "github-oicd"})


def test_github_signs_for_the_audience(provider: OidcProvider) -> None:
    settings = provider.environment() | {"KUBEFLOW_AUTH": "github-oidc", "KUBEFLOW_AUDIENCE": "ours"}
    with entered(HOST, settings) as entrance:
        token = entrance.credential.headers()["Authorization"].removeprefix("Bearer ")
    assert entrance.host == HOST
    assert provider.verify(token, "ours")["sub"] == SUBJECT
    shown = described(claims(token))
    assert f"sub {SUBJECT}, aud ours, repository_id 2, expires 20" in shown and token not in shown


def test_github_without_the_permission_is_named() -> None:
    with pytest.raises(DiagnosedError) as error, entered(HOST, {"KUBEFLOW_AUTH": "github-oidc"}):
        pass
    assert error.value.diagnosis.name == "oidc-variables"


def test_a_service_account_gets_its_token_from_the_cluster(cluster_api, kubeconfig, provider) -> None:
    with entered(HOST, NAMESPACE | {"KUBEFLOW_AUTH": "service-account"}) as entrance:
        token = entrance.credential.headers()["Authorization"].removeprefix("Bearer ")
    assert (
        provider.verify(token, "pipelines.kubeflow.org")["sub"]
        == "system:serviceaccount:staging:github-actions"
    )
    path, authorization, _ = cluster_api.sent[0]
    assert path == "/api/v1/namespaces/staging/serviceaccounts/github-actions/token"
    assert authorization == "Bearer of-the-kubeconfig"


def test_a_service_account_that_may_not_is_named(cluster_api, kubeconfig) -> None:
    cluster_api.status = 403
    with (
        entered(HOST, NAMESPACE | {"KUBEFLOW_AUTH": "service-account"}) as entrance,
        pytest.raises(DiagnosedError, match="github-actions in staging, found 403") as error,
    ):
        entrance.credential.headers()
    assert error.value.diagnosis.remedy == "kubectl apply -k infra/kubeflow/eks-service-account"


def test_a_standalone_endpoint_is_reached_by_the_cluster_s_proxy(cluster_api, eks) -> None:
    with entered("http://ml-pipeline.kubeflow.svc:8888", eks) as entrance:
        path = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy"
        assert entrance.host == f"{cluster_api.url}{path}"
        assert Path(entrance.authority).read_text() == cluster_api.authority.path.read_text()
        token = entrance.credential.headers()["Authorization"].removeprefix("Bearer k8s-aws-v1.")
    question = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    query = parse_qs(question.query)
    assert question.netloc == "sts.eu-central-1.amazonaws.com"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"] and query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-Security-Token"] == ["session"]


def test_an_endpoint_of_several_users_is_reached_by_a_port(cluster_api, eks, provider, tmp_path) -> None:
    kubectl(tmp_path)
    with entered("http://istio-ingressgateway.istio-system.svc/pipeline", eks | NAMESPACE) as entrance:
        assert entrance.host == "http://127.0.0.1:40123/pipeline"
        token = entrance.credential.headers()["Authorization"].removeprefix("Bearer ")
    assert (
        provider.verify(token, "pipelines.kubeflow.org")["sub"]
        == "system:serviceaccount:staging:github-actions"
    )
    assert cluster_api.sent[-1][1].startswith("Bearer k8s-aws-v1.")
    kubeconfig = json.loads((tmp_path / "kubeconfig").read_text())
    assert kubeconfig["users"][0]["user"]["token"].startswith("k8s-aws-v1.")


def test_a_port_that_closed_is_opened_again(cluster_api, eks, tmp_path, monkeypatch) -> None:
    kubectl(tmp_path, seconds=0)
    with entered("http://istio-ingressgateway.istio-system.svc/pipeline", eks | NAMESPACE) as entrance:
        forward = entrance.credential._keep_open.__self__
        forward._process.wait(10)
        kubectl(tmp_path)
        entrance.credential.headers()
    ports = [json.loads(line)[-1] for line in (tmp_path / "calls").read_text().splitlines()]
    assert ports == [":80", "40123:80"]


def test_a_missing_kubectl_is_named(cluster_api, eks) -> None:
    host, settings = "http://istio-ingressgateway.istio-system.svc/pipeline", eks | NAMESPACE
    with pytest.raises(DiagnosedError, match="found no kubectl on this"), entered(host, settings):
        pass


def test_a_cluster_that_is_not_there_is_named(eks) -> None:
    host, settings = "http://ml-pipeline.kubeflow.svc:8888", eks | {"EKS_CLUSTER": "other"}
    with pytest.raises(DiagnosedError, match="readable, found ResourceNotFound"), entered(host, settings):
        pass


def test_a_public_host_is_no_service_of_a_cluster(eks) -> None:
    with pytest.raises(SettingsError, match="expected a service of the cluster"), entered(HOST, eks):
        pass


@pytest.mark.parametrize("token", ["", "a b", "é"])
def test_a_token_of_another_form_is_not_shown(token: str) -> None:
    with (
        pytest.raises(SettingsError) as error,
        entered(HOST, {"KUBEFLOW_AUTH": "token", "KUBEFLOW_TOKEN": token}),
    ):
        pass
    assert not token or token not in str(error.value)


def test_a_session_is_begun_again_before_it_ends(monkeypatch) -> None:
    from engine.access import dex

    sessions = iter(("first", "second"))
    monkeypatch.setattr(dex, "log_in", lambda *_: f"authservice_session={next(sessions)}")
    settings = {"KUBEFLOW_AUTH": "dex", "KUBEFLOW_USERNAME": "ann", "KUBEFLOW_PASSWORD": "p"}
    with entered(HOST, settings) as entrance:
        assert entrance.credential.headers() == {"Cookie": "authservice_session=first"}
        assert entrance.credential.headers() == {"Cookie": "authservice_session=first"}
        tomorrow = Clock.now() + dex.LIFE
        monkeypatch.setattr(Clock, "now", staticmethod(lambda: tomorrow))
        assert entrance.credential.headers() == {"Cookie": "authservice_session=second"}
