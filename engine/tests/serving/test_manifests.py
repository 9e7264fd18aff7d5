"""Tests of the manifests for KServe: they keep to the definitions of their kinds, and a lint says more."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from engine.command_line import SettingsError
from engine.kserve import lint, manifests
from engine.tests.served_versions import IMAGE, SERVING
from engine.tests.standins import kubernetes_api

KEYS = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "it's: {{ secret }}"}
VERSION = {
    "version": "ab" * 32,
    "code_sha": "c0de",
    "images": {"serve_model": IMAGE},
    "feature_settings": {"columns": {"distance": {"type": "number", "min": 0}}},
    "record": {"data_sha256": "da7a"},
    "model_sha256": "cd" * 32,
}
STABLE_NAME = {"name": "vold"}


def rendered(version: dict[str, Any] = VERSION, uri: str = "minio://models/v1", **serving: Any) -> Any:
    return manifests.render(SERVING | serving, version, uri, "run-1", KEYS)


def beside_a_stable(percent: int = 10) -> dict[str, Any]:
    stable = copy.deepcopy(rendered().service)
    stable["spec"]["predictor"] |= STABLE_NAME
    return rendered().canary(stable, percent)


def complaints(manifest: dict[str, Any]) -> str:
    return "\n".join(lint.complaints_about(manifest))


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = to

    return change


MODEL = ("spec", "predictor", "model")
CANARY = ("spec", "canary", 0, "predictor")


@pytest.mark.parametrize("mode", ["standard", "knative"])
def test_a_rendered_service_keeps_to_the_crd_and_the_webhook(mode: str) -> None:
    service = rendered(mode=mode).service
    kubernetes_api.crd_check(service)
    kubernetes_api.webhook(service, None)


def test_a_canary_keeps_to_crd_webhook_and_its_share_of_replicas() -> None:
    for percent, replicas in ((0, 1), (10, 1), (50, 1), (99, 2)):
        service = beside_a_stable(percent)
        kubernetes_api.crd_check(service)
        kubernetes_api.webhook(service, None)
        assert service["spec"]["canary"][0]["predictor"]["minReplicas"] == replicas


@pytest.mark.parametrize("mode", ["standard", "knative"])
def test_everything_else_that_is_rendered_keeps_to_the_definitions(mode: str) -> None:
    made = rendered(mode=mode)
    irsa = rendered(storage=SERVING["storage"] | {"credentials": "irsa", "role_arn": "arn:aws:iam::1:role/a"})
    for manifest in (*made.supports, *irsa.supports, made.route("models.example")):
        kubernetes_api.crd_check(manifest)


def test_predictors_with_names_need_kserve_0_20() -> None:
    for service in (rendered().service, beside_a_stable()):
        with pytest.raises(kubernetes_api.Refusal, match="field not declared in schema"):
            kubernetes_api.crd_check(service, (0, 19))


@pytest.mark.parametrize(
    ("uri", "served"),
    [
        ("minio://mlpipeline/v2/models/v1", "s3://mlpipeline/v2/models/v1/"),
        ("s3://models/v1", "s3://models/v1/"),
        ("s3://models/v1//", "s3://models/v1/"),
    ],
)
def test_a_uri_of_any_kubeflow_store_becomes_one_that_kserve_takes(uri: str, served: str) -> None:
    assert rendered(uri=uri).service["spec"]["predictor"]["model"]["storageUri"] == served


@pytest.mark.parametrize("uri", ["file:///models/v1", "s3://", "models/v1"])
def test_a_uri_that_no_cluster_can_read_is_refused(uri: str) -> None:
    with pytest.raises(SettingsError, match=r"storageUri: expected s3://bucket/folder/"):
        rendered(uri=uri)


def test_an_endpoint_says_http_or_https_apart_from_its_host() -> None:
    for endpoint, https in (("http://store:8333", "0"), ("https://store", "1")):
        secret = rendered(storage=SERVING["storage"] | {"endpoint": endpoint}).supports[0]
        assert secret["metadata"]["annotations"]["serving.kserve.io/s3-usehttps"] == https
    wrong = {"serving.kserve.io/s3-endpoint": "http://store"}
    assert len([*lint.store_access(wrong)]) == 2


def test_keys_may_hold_anything_and_are_never_shown() -> None:
    made = rendered()
    assert made.supports[0]["data"]["AWS_SECRET_ACCESS_KEY"] == "aXQnczoge3sgc2VjcmV0IH19"
    assert "aXQnczoge3sgc2VjcmV0IH19" not in made.shown()


def test_versions_with_another_server_have_another_runtime_and_the_same_one_the_same_content() -> None:
    other = VERSION | {"images": {"serve_model": IMAGE.replace("5" * 64, "6" * 64)}}
    assert rendered().supports[2] == rendered(VERSION | {"version": "cd" * 32}).supports[2]
    assert rendered().supports[2]["metadata"]["name"] != rendered(other).supports[2]["metadata"]["name"]
    assert rendered().content == rendered().content != rendered(replicas=3).content


@pytest.mark.parametrize("image", ["localhost/serve_model:ab", "docker.io/you/x:serve_model-ab"])
def test_an_image_that_the_cluster_cannot_pull_is_refused(image: str) -> None:
    with pytest.raises(SettingsError, match="image: expected one by its digest"):
        rendered(VERSION | {"images": {"serve_model": image}})
    with pytest.raises(SettingsError, match="has no image that serves it; train it again"):
        rendered(VERSION | {"images": {}})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("metadata", "name", to="2-flights"), "expected a name of a-z"),
        (_set("metadata", "name", to="f" * 42), "41 at most"),
        (_set("metadata", "annotations", lint.MODE, to="RawDeployment"), "expected Standard or Knative"),
        (_set("metadata", "annotations", lint.MODE, to="Knative"), "canary: expected in Standard mode only"),
        (_set("spec", "predictor", "canaryTrafficPercent", to=10), "Standard mode ignores it"),
        (_set("spec", "canary", 0, "trafficPercent", to=150), "expected shares of traffic from 0 to 100"),
        (_set("spec", "predictor", "name", to="vababababab"), "expected predictors of different names"),
        (_set(*MODEL, "storageUri", to="s3://models/v1"), "expected a / at the end"),
        (_set(*MODEL, "storageUri", to="minio://models/v1/"), "expected s3://bucket/folder/"),
        (_set(*MODEL, "readinessProbe", to={"tcpSocket": {"port": 8080}}), "readinessProbe: expected a GET"),
        (_set(*MODEL, "modelFormat", to={}), "expected modelFormat.name"),
        (_set("spec", "predictor", "serviceAccountName", to=""), "serviceAccountName: expected one"),
    ],
)
def test_a_manifest_that_the_crd_accepts_and_kserve_refuses_is_reported(change: Any, expected: str) -> None:
    service = beside_a_stable()
    assert complaints(service) == ""
    change(service)
    assert expected in complaints(service)
