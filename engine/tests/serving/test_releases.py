"""Tests of deployments on each release of KServe: what it would refuse or ignore is never declared."""

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.command_line import Finding, SettingsError
from engine.kserve import manifests
from engine.kserve.delivery import deliver
from engine.kserve.releases import NEWEST, RELEASES, release_of, table
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import verdict_on
from engine.tests.served_versions import SERVING, answer_of, register_served
from engine.tests.serving.test_manifests import VERSION
from engine.tests.standins import crds, kubernetes_api
from engine.tests.standins.kubernetes_api import KubernetesApi

DOCUMENT = Path(__file__).parents[3] / "docs/serving.md"
CONTENTS = ("first", "second version")
ALONE = {name: value for name, value in SERVING.items() if name != "gateway"}
ALONE |= {"canary": SERVING["canary"] | {"steps": []}}
KNATIVE = ALONE | {"mode": "knative", "canary": SERVING["canary"]}
TESTED: dict[tuple[int, ...], str] = {
    (0, 15): "0.15",
    (0, 15, 2): "0.15",
    (0, 16): "0.16 to 0.19",
    (0, 17): "0.16 to 0.19",
    (0, 18): "0.16 to 0.19",
    (0, 19): "0.16 to 0.19",
    (0, 20): "0.20",
}
OLDER = [kserve for kserve in TESTED if kserve < (0, 20)]


def definitions(kserve: tuple[int, ...]) -> dict[str, Any]:
    schema = crds.schema_of("InferenceService", kserve)
    return {"components": {"schemas": {"io.kserve.serving.v1beta1.InferenceService": schema}}}


@pytest.fixture
def stage(
    s3_folder: str, cluster: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """Two versions in a registry, and a call that deploys one of them."""
    monkeypatch.setenv("SERVING_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("SERVING_SECRET_ACCESS_KEY", "reader-secret")
    registry = ModelRegistry(s3_folder, "flight-delays")
    first, second = (register_served(registry, tmp_path, content) for content in CONTENTS)
    cluster.answers = {first: answer_of(CONTENTS[0]), second: answer_of(CONTENTS[1])}

    def deploy(version: str, serving: dict[str, Any]) -> str:
        if version == second and registry.champion() is None:
            registry.promote(first, "", verdict_on(CONTENTS[0]))
        champion = registry.champion()
        return deliver(registry, serving, version, "run-1", champion["version"] if champion else "")

    return SimpleNamespace(first=first, second=second, deploy=deploy)


def test_document_has_the_table() -> None:
    assert f"\n{table()}\n" in DOCUMENT.read_text()


@pytest.mark.parametrize("kserve", TESTED, ids=str)
def test_release_of_reads_the_release_from_served_fields(kserve: tuple[int, ...]) -> None:
    assert release_of(definitions(kserve)).versions == TESTED[kserve]


def test_definitions_that_tell_no_supported_release_are_refused() -> None:
    old = definitions((0, 15))
    spec = old["components"]["schemas"]["io.kserve.serving.v1beta1.InferenceService"]["properties"]["spec"]
    del spec["properties"]["predictor"]["properties"]["autoScaling"]
    with pytest.raises(SettingsError, match=r"expected KServe 0\.15 or newer, found an older one"):
        release_of(old)
    del spec["properties"]
    with pytest.raises(SettingsError, match="install KServe's full definitions"):
        release_of(old)
    with pytest.raises(SettingsError, match="install KServe's full definitions"):
        release_of({"components": {"schemas": {}}})
    assert release_of(None) is NEWEST


@pytest.mark.parametrize("mode", ["standard", "knative"])
@pytest.mark.parametrize("kserve", TESTED, ids=str)
def test_rendered_manifests_are_valid_and_in_a_mode_that_the_release_knows(
    kserve: tuple[int, ...], mode: str
) -> None:
    release = release_of(definitions(kserve))
    made = manifests.render(ALONE | {"mode": mode}, VERSION, "s3://models/v1", "run-1", None, release)
    for manifest in (*made.supports, made.service, made.shifted(10) if mode == "knative" else made.service):
        kubernetes_api.crd_check(manifest, kserve)
    annotation = made.service["metadata"]["annotations"][kubernetes_api.MODE]
    modes = {"standard": ("RawDeployment", "Standard"), "knative": ("Serverless", "Knative")}
    assert annotation == modes[mode][kserve >= (0, 16)]


@pytest.mark.parametrize("kserve", OLDER, ids=str)
def test_before_0_20_a_version_takes_over_by_a_rolling_update(
    stage: SimpleNamespace, cluster: KubernetesApi, kserve: tuple[int, ...]
) -> None:
    cluster.kserve = kserve
    stage.deploy(stage.first, ALONE)
    assert ("deployments", "flight-delays-predictor") in cluster.objects
    before = copy.deepcopy(cluster.service()["spec"])
    cluster.faults[stage.second] = ("wrong", 0)
    with pytest.raises(Finding, match=f"taken back: {stage.first} serves all traffic"):
        stage.deploy(stage.second, ALONE)
    assert cluster.service()["spec"] == before
    cluster.faults.clear()
    stage.deploy(stage.second, ALONE)
    assert cluster.traffic() == {stage.second: 100}
    assert "nothing to do" in stage.deploy(stage.second, ALONE)


@pytest.mark.parametrize("kserve", OLDER, ids=str)
def test_before_0_20_shares_of_traffic_are_refused_in_mode_standard(
    stage: SimpleNamespace, cluster: KubernetesApi, kserve: tuple[int, ...]
) -> None:
    cluster.kserve = kserve
    with pytest.raises(SettingsError, match=r"steps: expected none with mode standard on KServe 0\.1"):
        stage.deploy(stage.first, SERVING)
    assert cluster.changes() == []


@pytest.mark.parametrize("kserve", TESTED, ids=str)
def test_knative_shares_traffic_step_by_step(
    stage: SimpleNamespace, cluster: KubernetesApi, kserve: tuple[int, ...]
) -> None:
    cluster.kserve = kserve
    serving = KNATIVE | {"ingress": cluster.url}
    stage.deploy(stage.first, serving)
    shares = []
    cluster.on_apply = lambda service: shares.append(cluster.traffic())
    cluster.requests.clear()
    stage.deploy(stage.second, serving)
    steps = [{stage.first: 100 - share, stage.second: share} for share in (0, 10, 50)]
    assert shares == [*steps, {stage.second: 100}]
    assert {*cluster.requests} == {stage.second}


@pytest.mark.parametrize("fault", [("wrong", 0), ("fails", 10), ("slow", 50)])
def test_a_canary_of_knative_is_taken_back_without_a_moment_of_traffic(
    stage: SimpleNamespace, cluster: KubernetesApi, fault: tuple[str, int]
) -> None:
    serving = KNATIVE | {"ingress": cluster.url}
    stage.deploy(stage.first, serving)
    before = copy.deepcopy(cluster.service()["spec"])
    cluster.faults[stage.second] = fault
    shares = []
    cluster.on_apply = lambda service: shares.append(cluster.traffic())
    with pytest.raises(Finding, match=f"taken back: {stage.first} serves all traffic"):
        stage.deploy(stage.second, serving)
    assert shares[-2:] == [{stage.first: 0}, {stage.first: 100}]
    assert cluster.service()["spec"] == before


def test_an_interrupted_canary_of_knative_is_gone_on_with_or_loses_its_share(
    stage: SimpleNamespace, cluster: KubernetesApi
) -> None:
    serving = KNATIVE | {"ingress": cluster.url}
    stage.deploy(stage.first, serving)

    def interrupt(service: dict[str, Any]) -> None:
        cluster.down = cluster.traffic().get(stage.second) == 10

    cluster.on_apply = interrupt
    with pytest.raises(Exception, match="it could not be taken back"):
        stage.deploy(stage.second, serving)
    cluster.down, cluster.on_apply = False, None
    cluster.faults[stage.second] = ("wrong", 0)
    with pytest.raises(Finding, match="taken back: what served before the canary serves all traffic"):
        stage.deploy(stage.second, serving)
    assert cluster.traffic() == {stage.first: 100, stage.second: 0}
    cluster.faults.clear()
    stage.deploy(stage.second, serving)
    assert cluster.traffic() == {stage.second: 100}


def test_every_release_is_tested() -> None:
    assert {*TESTED.values()} == {release.versions for release in RELEASES}
