"""Tests of the model server's objects on a real API server, by the definitions of each KServe."""

import copy
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import SettingsError
from engine.kserve import manifests
from engine.kserve.cluster import Clock, Cluster
from engine.kserve.releases import release_of
from engine.tests.api_server import go_modules, kserve_definitions
from engine.tests.api_server.api_server import ADMINISTRATOR, ApiServer, namespace
from engine.tests.api_server.overlays import Overlays, only
from engine.tests.serving.test_manifests import KEYS, VERSION, beside_a_stable, rendered
from engine.tests.serving.test_releases import ALONE
from engine.tests.standins.kubernetes_api import FakeClock, Refusal, crd_check

MODEL = ("spec", "predictor", "model")
CANARY = ("spec", "canary", 0, "predictor")
CHANGED = {(0, 15): "0.15", (0, 15, 2): "0.15", (0, 16): "0.16 to 0.19", (0, 20): "0.20"}


def changed(manifest: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    document = made = copy.deepcopy(manifest)
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = to
    return made


@pytest.fixture(scope="module")
def server(api_server: ApiServer) -> ApiServer:
    api_server.apply(go_modules.definitions("gateway.networking.k8s.io"))
    api_server.apply([namespace("models"), namespace("refusals")])
    return api_server


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The namespace models as an administrator, in which waiting takes no time."""
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path, ADMINISTRATOR)))
    clock = FakeClock()
    monkeypatch.setattr(Clock, "now", staticmethod(clock.now))
    monkeypatch.setattr(Clock, "sleep", staticmethod(clock.sleep))
    return Cluster("models")


@pytest.fixture(params=CHANGED, ids=str)
def kserve(server: ApiServer, request: pytest.FixtureRequest) -> tuple[int, ...]:
    kserve_definitions.install(server, request.param)
    return request.param


def test_rendered_manifests_are_accepted_by_each_version_of_kserve(
    server: ApiServer, cluster: Cluster, kserve: tuple[int, ...]
) -> None:
    release = release_of(cluster.definitions())
    assert release.versions == CHANGED[kserve]
    for mode in ("standard", "knative"):
        made = manifests.render(ALONE | {"mode": mode}, VERSION, "s3://models/v1", "run-1", KEYS, release)
        for manifest in (*made.supports, made.service):
            assert server.try_apply(manifest, "&dryRun=All").ok
            cluster.apply(manifest)
            cluster.apply(manifest)
        if mode == "knative":
            cluster.apply(made.shifted(10))
    if not release.named_predictors:
        with pytest.raises(SettingsError, match="field not declared in schema"):
            cluster.apply(rendered().service)


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        (
            (*MODEL, "storageURI"),
            "s3://models/v1/",
            r"\.spec\.predictor\.model\.storageURI: field not declared",
        ),
        ((*CANARY, "modelName"), "m", "modelName: field not declared"),
        (("spec", "canaries"), [], r"\.spec\.canaries: field not declared"),
        (("spec",), {}, "spec.predictor: Required value"),
        ((*MODEL, "modelFormat"), {}, "modelFormat.name: Required value"),
        ((*CANARY, "model"), {"modelFormat": {"name": "sklearn"}}, "model.name: Required value"),
        (("spec", "predictor", "minReplicas"), "1", "minReplicas: expected numeric"),
        (("spec", "predictor", "name"), "V1", "spec.predictor.name in body should match"),
        (("spec", "predictor", "annotations", "a"), 1, "annotations.a: expected string"),
        (("metadata", "annotations", "a"), 1, "annotations.a: expected string"),
        ((*MODEL, "env"), {"A": "b"}, "env: expected list"),
        ((*MODEL, "resources", "limits", "cpu"), "one", "should match"),
        (("spec", "canary", 0, "trafficPercent"), 150, "less than or equal to 100"),
    ],
)
def test_a_service_that_the_definition_refuses_is_reported_at_once_and_by_the_stand_in(
    server: ApiServer, cluster: Cluster, path: tuple[str | int, ...], value: Any, refusal: str
) -> None:
    kserve_definitions.install(server)
    cluster.namespace = "refusals"
    service = changed(beside_a_stable(), "metadata", "namespace", to="refusals")
    refused = changed(service, *path, to=value)
    with pytest.raises(SettingsError, match=f"the cluster refused it: .*{refusal}"):
        cluster.apply(refused)
    with pytest.raises(Refusal) as stood_in:
        crd_check(refused)
    assert stood_in.value.status == server.try_apply(refused).status_code


@pytest.mark.parametrize(
    ("kind", "path", "value", "refusal"),
    [
        ("ServingRuntime", ("spec", "containers", 0, "imagePolicy"), "A", "imagePolicy: field not declared"),
        ("ServingRuntime", ("spec", "containers", 0, "ports", 0), {}, "containerPort: Required value"),
        ("ServiceAccount", ("secret",), [], "secret: field not declared"),
        ("Secret", ("data", "AWS_ACCESS_KEY_ID"), 1, "AWS_ACCESS_KEY_ID: expected string"),
        ("HTTPRoute", ("spec", "rules", 0, "matches", 0, "path", "type"), "Prefix", "Unsupported value"),
        ("HTTPRoute", ("spec", "rules", 0, "backendRefs", 0, "port"), 0, "greater than or equal to 1"),
    ],
)
def test_a_supporting_object_is_refused_as_its_definition_says(
    server: ApiServer, cluster: Cluster, kind: str, path: tuple[str | int, ...], value: Any, refusal: str
) -> None:
    made = rendered()
    manifest = only([*made.supports, made.route("models.example")], kind)
    cluster.apply(manifest)
    with pytest.raises(SettingsError, match=f"the cluster refused it: .*{refusal}"):
        cluster.apply(changed(manifest, *path, to=value))


def test_the_server_passes_pod_security_restricted(server: ApiServer, overlays: Overlays) -> None:
    server.apply(overlays.built("kserve-s3"))
    runtime = only(rendered().supports, "ServingRuntime")["spec"]
    spec = {"containers": runtime["containers"], "volumes": runtime["volumes"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server", "namespace": "models"}}
    pod |= {"spec": spec | {"serviceAccountName": "deploy-model"}}
    answer = server.try_apply(pod, "&dryRun=All")
    assert answer.ok, answer.text
    for name in ("runAsNonRoot", "allowPrivilegeEscalation", "capabilities", "seccompProfile"):
        weaker = copy.deepcopy(pod)
        del weaker["spec"]["containers"][0]["securityContext"][name]
        assert "violates PodSecurity" in server.try_apply(weaker, "&dryRun=All").text
