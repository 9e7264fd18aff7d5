"""Each refusal on the way to an endpoint: one thing is wrong, and one line names it with its repair."""

import json
import ssl
import warnings

import pytest

from engine.access.refusals import REFUSALS
from engine.tests.doctor.broken_set_ups import HEALTH, SetUp, closed_port, healthy, listening
from engine.tests.doctor.table import SetUps, assert_named, set_ups_of
from engine.tests.standins.http_server import CLOSED, Answer
from engine.tests.standins.oidc_provider import OidcProvider

ACCESS = SetUps("endpoint")
KFP_REFUSAL = (
    "User 'ann' is not authorized with reason: (request: &ResourceAttributes"
    "{Namespace:staging,Verb:list,Group:pipelines.kubeflow.org,Version:v1beta1,Resource:runs,})"
)
SERVICE = "http://istio-ingressgateway.istio-system.svc/pipeline"


@pytest.mark.parametrize("name", REFUSALS)
def test_a_broken_set_up_prints_the_one_line_of_its_row(name: str, up: SetUp) -> None:
    assert_named(ACCESS, name, up)


def test_every_row_has_a_set_up() -> None:
    assert [*REFUSALS] == set_ups_of(ACCESS, REFUSALS)


@ACCESS.add("url")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST="kubeflow.example.com/pipeline")


@ACCESS.add("dns")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST="https://gone.example.com/pipeline")


@ACCESS.add("refused-connection")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"http://127.0.0.1:{closed_port()}/pipeline")


@ACCESS.add("black-hole")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"http://127.0.0.1:{listening(up.stack, full=True)}/pipeline")


@ACCESS.add("silent")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"http://127.0.0.1:{listening(up.stack, full=False)}/pipeline")


@ACCESS.add("dropped")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"http://{up.serve(CLOSED)}/pipeline")


@ACCESS.add("tls-authority")
def _(up: SetUp):
    return up.tls(up.authority.issue("server").context())


@ACCESS.add("tls-self-signed")
def _(up: SetUp):
    return up.tls(up.authority.issue_to_itself("server").context())


@ACCESS.add("tls-expired")
def _(up: SetUp):
    up.site(SSL_CERT_FILE=str(up.authority.path))
    return up.tls(up.authority.issue("server", days_from=-1, days_to=0).context())


@ACCESS.add("tls-early")
def _(up: SetUp):
    up.site(SSL_CERT_FILE=str(up.authority.path))
    return up.tls(up.authority.issue("server", days_from=1, days_to=2).context())


@ACCESS.add("tls-name")
def _(up: SetUp):
    up.site(SSL_CERT_FILE=str(up.authority.path))
    return up.tls(up.authority.issue("server", host="other.example.com").context())


@ACCESS.add("tls-plain")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"https://{up.serve(healthy)}/pipeline")


@ACCESS.add("tls-old")
def _(up: SetUp):
    context = up.authority.issue("server").context()
    with warnings.catch_warnings(category=DeprecationWarning, action="ignore"):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return up.tls(context)


@ACCESS.add("tls")
def _(up: SetUp):
    return up.tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # without a certificate


@ACCESS.add("authority-file")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"http://{up.serve(healthy)}/pipeline", SSL_CERT_FILE="/no/such/file")


@ACCESS.add("proxy")
def _(up: SetUp):
    proxy = f"http://127.0.0.1:{closed_port()}"
    return up.site(KUBEFLOW_HOST="https://kubeflow.example.com/pipeline", HTTPS_PROXY=proxy)


@ACCESS.add("proxy-login")
def _(up: SetUp):
    proxy = f"http://{up.serve(Answer(407))}"
    return up.site(KUBEFLOW_HOST="https://kubeflow.example.com/pipeline", HTTPS_PROXY=proxy)


@ACCESS.add("html")
def _(up: SetUp):
    return up.answering(200, "<!doctype html><html>Log in</html>")


@ACCESS.add("not-json")
def _(up: SetUp):
    return up.answering(200, "hello")


@ACCESS.add("redirect")
def _(up: SetUp):
    return up.answering(302, Location="https://login.example.com/")


@ACCESS.add("not-kubeflow")
def _(up: SetUp):
    return up.answering(200, '{"welcome": "to another service"}')


@ACCESS.add("wrong-path")
def _(up: SetUp):
    return up.answering(404, "no such page")


@ACCESS.add("no-token")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=f"{up.secure(Answer(401))}/pipeline")


@ACCESS.add("token-expired")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(), **up.token(exp=1_700_000_000))


@ACCESS.add("token-issuer")
def _(up: SetUp):
    return up.answering(401, "Jwt issuer is not configured")


@ACCESS.add("token-key")
def _(up: SetUp):
    stranger = OidcProvider(issuer=up.provider.issuer).sign(aud="pipelines.kubeflow.org")
    return up.site(KUBEFLOW_HOST=up.endpoint(), KUBEFLOW_TOKEN=stranger)


@ACCESS.add("token-form")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(), KUBEFLOW_TOKEN="opaque")


@ACCESS.add("no-identity")
def _(up: SetUp):
    said = {"code": 16, "message": "Request header error: there is no user identity header."}
    return up.answering(401, json.dumps(said))


@ACCESS.add("token-refused")
def _(up: SetUp):
    return up.answering(401, '{"message": "not today"}')


@ACCESS.add("audience")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(audience="the-gateway's"), **up.token())


@ACCESS.add("gateway-policy")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(repository_id="9"), **up.token())


@ACCESS.add("rights")
def _(up: SetUp):
    return up.answering(403, json.dumps({"code": 7, "message": KFP_REFUSAL}))


@ACCESS.add("forbidden")
def _(up: SetUp):
    return up.answering(403, '{"message": "a rule of ours"}')


@ACCESS.add("old-server")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(health=HEALTH | {"tag_name": "2.16.0"}), **up.token())


@ACCESS.add("no-namespace")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(), **up.token() | {"KUBEFLOW_NAMESPACE": ""})


@ACCESS.add("oidc-variables")
def _(up: SetUp):
    return up.site(KUBEFLOW_HOST=up.endpoint(), KUBEFLOW_AUTH="github-oidc")


@ACCESS.add("oidc-issuer")
def _(up: SetUp):
    up.provider.statuses = [400]
    return up.site(KUBEFLOW_HOST=up.endpoint(), KUBEFLOW_AUTH="github-oidc", **up.provider.environment())


@ACCESS.add("token-request")
def _(up: SetUp):
    api = up.token_api()
    api.status = 403
    up.kubeconfig(api.url)
    settings = {"KUBEFLOW_AUTH": "service-account", "KUBEFLOW_NAMESPACE": "staging"}
    return up.site(KUBEFLOW_HOST=up.endpoint(), **settings)


@ACCESS.add("eks-cluster")
def _(up: SetUp):
    return _eks(up, EKS_CLUSTER="other")


@ACCESS.add("port-forward")
def _(up: SetUp):
    return _eks(up, EKS_CLUSTER="mlops", PATH=str(up.folder))


@ACCESS.add("dex-login")
def _(up: SetUp):
    up.provider.password = "another"
    root = up.secure(Answer(302, {"Location": f"{up.provider.issuer}/auth"}))
    settings = {"KUBEFLOW_USERNAME": "user@example.com", "KUBEFLOW_PASSWORD": "secret-"}
    return up.site(KUBEFLOW_HOST=f"{root}/pipeline", KUBEFLOW_AUTH="dex", **settings)


def _eks(up: SetUp, **settings: str):
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_DEFAULT_REGION": "eu-west-1"}
    keys |= {"AWS_ENDPOINT_URL_EKS": up.token_api().url, "AWS_CA_BUNDLE": str(up.authority.path)}
    keys |= {"KUBEFLOW_AUTH": "eks-oidc", "KUBEFLOW_NAMESPACE": "staging"}
    return up.site(KUBEFLOW_HOST=SERVICE, **keys, **settings)
