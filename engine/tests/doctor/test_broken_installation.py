"""Each row of GitHub, images, stores and cluster: one thing is wrong, and one line says which."""

import json
import re
import time
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.access.refusals import REFUSALS as OF_ACCESS
from engine.doctor import endpoint, store
from engine.doctor.refusals import REFUSALS, table
from engine.kserve.cluster import DEFINITIONS
from engine.kubeflow import kfp_client
from engine.tests.doctor.broken_set_ups import SetUp, closed_port, healthy
from engine.tests.doctor.table import SetUps, assert_named, set_ups_of
from engine.tests.standins.crds import schema_of
from engine.tests.standins.http_server import Answer, Request
from local_kfp.tests.in_process import InProcessServer

OWN = {name: row for name, row in REFUSALS.items() if name not in OF_ACCESS}
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/doctor.md").read_text()
INSTALLATION = SetUps("store")
NAMESPACE = "api__v1__namespaces__kubeflow"
KSERVE = DEFINITIONS.removeprefix("/").replace("/", "__")
SERVING = {"namespace": "models", "mode": "standard"}
GATEWAY = {"gateway": "istio-system/gateway"}


@pytest.mark.parametrize("name", OWN)
def test_a_broken_set_up_prints_the_one_line_of_its_row(name: str, up: SetUp) -> None:
    assert_named(INSTALLATION, name, up)


def test_every_row_has_a_set_up() -> None:
    assert [*OWN] == set_ups_of(INSTALLATION, OWN)


def test_the_page_has_the_table() -> None:
    assert f"\n{table()}\n" in PAGE


def test_files_that_a_repair_applies_exist() -> None:
    remedies = "\n".join(row.remedy for row in REFUSALS.values())
    overlays = {*re.findall(r"apply -k (\S+)", remedies)}
    assert overlays and all((ROOT / overlay / "kustomization.yaml").is_file() for overlay in overlays)
    assert {*re.findall(r"-chdir=(\S+)", remedies)} == {"infra/aws"} and (
        ROOT / "infra/aws/roles.tf"
    ).is_file()


@INSTALLATION.add("codeowners", "github")
def _(up: SetUp):
    (up.folder / ".github/CODEOWNERS").write_text("# Put your team for @OWNER\n* @OWNER\n")
    return up.on_github()


@INSTALLATION.add("environment", "github")
def _(up: SetUp):
    site = up.on_github()
    del up.github.environments["staging"]
    return site


@INSTALLATION.add("variable", "github")
def _(up: SetUp):
    site = up.on_github()
    del up.github.variables["staging"]["RESULTS_URI"]
    return site


@INSTALLATION.add("misspelt", "github")
def _(up: SetUp):
    site = up.on_github()
    up.github.variables["staging"]["PREDICTION_URI"] = "s3://p"
    return site


@INSTALLATION.add("secret", "github")
def _(up: SetUp):
    site = up.on_github()
    up.github.variables["staging"]["KUBEFLOW_AUTH"] = "token"
    return site


@INSTALLATION.add("unprotected", "github")
def _(up: SetUp):
    site = up.on_github()
    up.github.environments["production"] = {"protection_rules": []}
    return site


@INSTALLATION.add("ci-passed", "github")
def _(up: SetUp):
    site = up.on_github()
    del up.github.rules[0]
    return site


@INSTALLATION.add("code-owner-review", "github")
def _(up: SetUp):
    site = up.on_github()
    del up.github.rules[1]
    return site


@INSTALLATION.add("registry-login", "images")
def _(up: SetUp):
    return _registry(up, Answer(401, {"WWW-Authenticate": "Basic realm=images"}), login="eW91OnNlY3JldA==")


@INSTALLATION.add("registry-push", "images")
def _(up: SetUp):
    def answer(request: Request) -> Answer:
        return Answer(403) if request.method == "POST" else Answer(200, {}, b'{"tags": []}')

    return _registry(up, answer)


@INSTALLATION.add("registry-silent", "images")
def _(up: SetUp):
    return _registry(up, Answer(500, {}, b"down"))


@INSTALLATION.add("store-uri")
def _(up: SetUp):
    return up.site(RESULTS_URI="bucket/results")


@INSTALLATION.add("store-credentials")
def _(up: SetUp):
    return up.store("http://127.0.0.1:9", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")


@INSTALLATION.add("store-key")
def _(up: SetUp):
    return up.s3(403, "InvalidAccessKeyId")


@INSTALLATION.add("store-secret")
def _(up: SetUp):
    return up.s3(403, "SignatureDoesNotMatch")


@INSTALLATION.add("store-expired")
def _(up: SetUp):
    return up.s3(400, "ExpiredToken")


@INSTALLATION.add("store-bucket")
def _(up: SetUp):
    return up.s3(404, "NoSuchBucket")


@INSTALLATION.add("store-region")
def _(up: SetUp):
    return up.s3(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>")


@INSTALLATION.add("store-write")
def _(up: SetUp):
    return up.s3(403, "AccessDenied")


@INSTALLATION.add("store-read")
def _(up: SetUp):
    return up.s3(403, "AccessDenied", method="GET")


@INSTALLATION.add("store-conditional")
def _(up: SetUp):
    return up.s3()


@INSTALLATION.add("store-clock")
def _(up: SetUp):
    up.monkeypatch.setattr(store, "time", SimpleNamespace(time=lambda: time.time() + 300))

    def answer(request: Request) -> Answer:
        lost = request.headers.get("If-None-Match") == "*"
        return Answer(412, {}, b"<Error><Code>PreconditionFailed</Code></Error>") if lost else Answer(200)

    return up.store(up.secure(answer))


@INSTALLATION.add("store-authority")
def _(up: SetUp):
    return up.store(f"https://{up.serve(Answer(200), up.authority.issue('store').context())}")


@INSTALLATION.add("store-silent")
def _(up: SetUp):
    return up.store(f"http://127.0.0.1:{closed_port()}")


@INSTALLATION.add("store")
def _(up: SetUp):
    return up.s3(500, "InternalError")


@INSTALLATION.add("open-endpoint", "endpoint")
def _(up: SetUp):
    up.monkeypatch.setattr(endpoint, "is_public", lambda host: True)
    return up.site(KUBEFLOW_HOST=f"{up.secure(healthy)}/pipeline")


@INSTALLATION.add("default-login", "endpoint")
def _(up: SetUp):
    """A gateway that lets sessions in, of users that log in at the provider."""
    up.monkeypatch.setattr(endpoint, "is_public", lambda host: True)
    up.provider.password = endpoint.DEFAULT_PASSWORD
    urls: list[str] = []

    def answer(request: Request) -> Answer:
        if request.path.startswith("/callback"):
            return Answer(200, {"Set-Cookie": "authservice_session=1"})
        if "authservice_session" in SimpleCookie(request.headers.get("Cookie", "")):
            return healthy(request)
        login = f"{up.provider.issuer}/auth/local/login?redirect_uri={urls[0]}/callback&state=1"
        return Answer(302, {"Location": login})

    urls.append(up.secure(answer))
    settings = {"KUBEFLOW_USERNAME": endpoint.DEFAULT_USER, "KUBEFLOW_PASSWORD": endpoint.DEFAULT_PASSWORD}
    return up.site(KUBEFLOW_HOST=f"{urls[0]}/pipeline", KUBEFLOW_AUTH="dex", **settings)


@INSTALLATION.add("kserve", "cluster")
def _(up: SetUp):
    up.settings(serving=SERVING)
    up.cluster()
    return up.site()


@INSTALLATION.add("kserve-canary", "cluster")
def _(up: SetUp):
    up.settings(serving=SERVING | GATEWAY | {"canary": {"steps": [10, 50]}})
    schemas = {"io.kserve.serving.v1beta1.InferenceService": schema_of("InferenceService", (0, 18, 0))}
    up.cluster(**{KSERVE: {"components": {"schemas": schemas}}})
    return up.site()


@INSTALLATION.add("cluster", "cluster")
def _(up: SetUp):
    up.kubeconfig(f"http://127.0.0.1:{closed_port()}")
    return up.site()


@INSTALLATION.add("pod-security", "cluster")
def _(up: SetUp):
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    up.cluster(**{NAMESPACE: {"metadata": {"labels": labels}}})
    site = up.site()
    site.known["version"] = "2.15.0"
    return site


@INSTALLATION.add("quota", "cluster")
def _(up: SetUp):
    status = {"hard": {"requests.memory": "2Gi", "pods": "10"}, "used": {"requests.memory": "1Gi"}}
    quotas = {"items": [{"metadata": {"name": "compute"}, "status": status}]}
    up.cluster(**{f"{NAMESPACE}__resourcequotas": quotas})
    return up.site()


@INSTALLATION.add("store-secret-absent", "cluster")
def _(up: SetUp):
    up.settings(store={"secret": {"name": "mlpipeline-minio-artifact"}})
    up.cluster()
    return up.site()


@INSTALLATION.add("canary", "canary")
def _(up: SetUp):
    return _running(up, "fail")


@INSTALLATION.add("canary-artifact", "canary")
def _(up: SetUp):
    return _running(up, "succeed")


def _registry(up: SetUp, answer, login: str = ""):
    host = up.serve(answer)
    up.settings(images={"repository": f"{host}/you/flights"})
    (up.folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}} if login else {}}))
    return up.site(DOCKER_CONFIG=str(up.folder))


def _running(up: SetUp, behaviour: str):
    """The site of an endpoint whose runs end so, and write nothing."""
    up.monkeypatch.setenv("BEHAVE", behaviour)
    up.monkeypatch.setattr(kfp_client, "TIMEOUT", (5, 5))
    (up.folder / "kfp").mkdir()
    server = up.stack.enter_context(InProcessServer(up.folder / "kfp"))
    images = up.folder / "images.json"
    names = [path.parent.name for path in (ROOT / "components").glob("*/Dockerfile")]
    images.write_text(json.dumps({name: f"docker.io/you/it:{name}@sha256:{'0' * 64}" for name in names}))
    site = up.site(KUBEFLOW_HOST=server.url, RESULTS_URI=(up.folder / "results").as_uri())
    return replace(site, images=images)
