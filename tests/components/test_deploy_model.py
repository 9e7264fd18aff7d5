"""Tests of deploy_model: what is served answers as registered, and users never notice what does not."""

import copy
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from engine.kserve import cluster as kubernetes
from engine.model_registry.model_registry import ModelRegistry
from engine.tests.model_versions import register, verdict_on
from engine.tests.served_versions import SERVING, answer_of, register_served

NAME = "flight-delays"
CONTENTS = ("first", "second version")


@pytest.fixture
def stage(s3_folder, cluster, tmp_path, run_component, monkeypatch) -> SimpleNamespace:
    """Two versions in a registry, and a call that deploys one of them."""
    monkeypatch.setenv("SERVING_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("SERVING_SECRET_ACCESS_KEY", "reader-secret")
    registry = ModelRegistry(s3_folder, NAME)
    versions = [register_served(registry, tmp_path, content) for content in CONTENTS]
    cluster.answers = {
        version: answer_of(content) for version, content in zip(versions, CONTENTS, strict=True)
    }

    def deploy(version: str, serving: dict = SERVING, expected: str = ""):
        where = {"model_registry_uri": s3_folder, "name": NAME, "version": version}
        return run_component(
            "deploy_model", **where, serving_settings=serving, expected=expected, run="run-1"
        )

    return SimpleNamespace(registry=registry, first=versions[0], second=versions[1], deploy=deploy)


@pytest.fixture
def serving_first(stage, cluster) -> SimpleNamespace:
    """The first version serves and is the champion."""
    assert stage.deploy(stage.first).status == 0
    stage.registry.promote(stage.first, "", verdict_on(CONTENTS[0]))
    cluster.calls.clear()
    cluster.requests.clear()
    return stage


def test_a_first_version_is_served_with_all_it_needs(stage, cluster):
    done = stage.deploy(stage.first)
    assert done.error == ""
    assert "is served, and answers as the registered model does" in done.output
    service = cluster.service()
    annotations = service["metadata"]["annotations"]
    assert annotations["serving.kserve.io/deploymentMode"] == "Standard"
    noted = {key.removeprefix("mlops/"): value for key, value in annotations.items() if "mlops/" in key}
    assert noted.pop("content")
    assert noted == {
        "model-version": stage.first,
        "commit": "c0de5",
        "run": "run-1",
        "data-sha256": "da7a",
    }
    model = service["spec"]["predictor"]["model"]
    assert model["storageUri"] == stage.registry.model_uri(stage.first)
    environment = {each["name"]: each["value"] for each in model["env"]}
    assert environment == {
        "MODEL_SHA256": stage.registry.version(stage.first)["model_sha256"],
        "MODEL_COLUMNS": '{"distance":{"type":"number"}}',
    }
    account = cluster.objects["serviceaccounts", service["spec"]["predictor"]["serviceAccountName"]]
    secret = cluster.objects["secrets", account["secrets"][0]["name"]]
    assert secret["metadata"]["annotations"] == {
        "serving.kserve.io/s3-endpoint": "store.storage:8333",
        "serving.kserve.io/s3-usehttps": "0",
        "serving.kserve.io/s3-region": "us-east-1",
    }
    assert ("servingruntimes", model["runtime"]) in cluster.objects


def test_an_unchanged_version_is_left_alone(serving_first, cluster):
    done = serving_first.deploy(serving_first.first)
    assert (done.status, cluster.changes()) == (0, [])
    assert "is served already; nothing to do" in done.output
    assert cluster.requests == [serving_first.first]


def test_an_interrupted_deployment_does_not_pass_for_a_proved_one(serving_first, cluster):
    """It may be ready and have been asked nothing yet."""
    cluster.faults[serving_first.first] = ("wrong", 0)
    done = serving_first.deploy(serving_first.first)
    assert (done.status, cluster.changes()) == (1, [])
    assert "predict: expected an answer, found none" in done.error


def test_keys_that_were_renewed_reach_the_cluster(serving_first, cluster, monkeypatch):
    monkeypatch.setenv("SERVING_SECRET_ACCESS_KEY", "another-secret")
    done = serving_first.deploy(serving_first.first)
    assert cluster.changes() == [("secrets", "flight-delays-store")]
    assert "another-secret" not in done.output + done.error


def test_keys_that_are_in_the_cluster_already_are_used_and_none_at_all_is_an_error(
    stage, cluster, monkeypatch
):
    monkeypatch.delenv("SERVING_ACCESS_KEY_ID")
    assert stage.deploy(stage.first).status == 2
    monkeypatch.delenv("SERVING_SECRET_ACCESS_KEY")
    refused = stage.deploy(stage.first)
    assert refused.status == 2
    assert "or a Secret flight-delays-store" in refused.error
    assert cluster.changes() == []
    data = {"AWS_ACCESS_KEY_ID": "cg==", "AWS_SECRET_ACCESS_KEY": "cw=="}
    cluster.objects["secrets", "flight-delays-store"] = {"metadata": {}, "data": data}
    assert stage.deploy(stage.first).status == 0
    assert cluster.objects["secrets", "flight-delays-store"]["data"] == data


def test_a_canary_takes_its_steps_and_is_promoted_last(serving_first, cluster):
    shares = []
    cluster.on_apply = lambda service: shares.append(cluster.traffic())
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 0
    first, second = serving_first.first, serving_first.second
    assert shares == [{first: 100 - share, second: share} for share in (0, 10, 50)] + [{second: 100}]
    # By their header, golden requests reach the canary before any user does.
    assert {*cluster.requests} == {second}
    assert cluster.clock.slept.count(3.0) == 40
    assert ("httproutes", "flight-delays-canary") not in cluster.objects
    assert "the canary at 50%: 20 golden requests, 0 failed" in done.output
    assert [key for key in cluster.objects if key[0] == "deployments"] == [
        ("deployments", f"flight-delays-v{second[:10]}-predictor")
    ]


def test_pods_stay_as_they_are_when_their_version_is_promoted(serving_first, cluster):
    seen = []
    workload = ("deployments", f"flight-delays-v{serving_first.second[:10]}-predictor")

    def look(_: dict) -> None:
        if workload in cluster.objects:
            seen.append(copy.deepcopy(cluster.objects[workload]["spec"]["template"]))

    cluster.on_apply = look
    assert serving_first.deploy(serving_first.second, expected=serving_first.first).status == 0
    assert seen
    assert all(each == cluster.objects[workload]["spec"]["template"] for each in seen)


@pytest.mark.parametrize(
    ("fault", "since", "why"),
    [
        ("wrong", 0, "predict: expected an answer, found none"),
        ("fails", 10, "the canary at 10%: 5 of 20 golden requests failed, at most 0% may"),
        ("slow", 50, "the canary at 50%: 95% of the answers took up to 5000 ms, at most 1000 may"),
    ],
)
def test_a_canary_that_disappoints_is_taken_back(serving_first, cluster, fault, since, why):
    before = copy.deepcopy(cluster.service()["spec"])
    cluster.faults[serving_first.second] = (fault, since)
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 1
    assert why in done.error
    assert f"taken back: {serving_first.first} serves all traffic" in done.error
    assert cluster.service()["spec"] == before
    assert ("httproutes", "flight-delays-canary") not in cluster.objects
    assert serving_first.deploy(serving_first.first).output.endswith("nothing to do\n")


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        ("never", "the canary at 0% is not ready after 20 seconds"),
        ("crash", "CrashLoopBackOff: back-off 10s restarting failed container"),
        ("pull", 'ImagePullBackOff: Back-off pulling image "docker.io/you/x"'),
    ],
)
def test_a_canary_that_does_not_start_is_taken_back(serving_first, cluster, fate, why):
    cluster.fates[serving_first.second] = fate
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 1
    assert why in done.error
    assert cluster.traffic() == {serving_first.first: 100}
    assert {*cluster.requests} <= {serving_first.first}
    if fate == "crash":
        assert cluster.clock.slept.count(2.0) >= 3
        assert "  error: expected a model of the SHA-256 ab, found cd" in done.error


def test_a_first_version_that_never_serves_can_be_replaced(stage, cluster):
    cluster.fates[stage.first] = "crash"
    assert stage.deploy(stage.first).status == 1
    assert stage.deploy(stage.second).status == 0
    assert cluster.traffic() == {stage.second: 100}


def test_an_old_ready_is_not_taken_for_the_new_one(stage, cluster):
    """The status is of the version before until KServe has looked."""
    assert stage.deploy(stage.first, SERVING | {"gateway": "a/b"}).status == 0
    cluster.fates[stage.first] = "never"
    changed = SERVING | {"resources": {"cpu": "2", "memory": "2Gi"}}
    done = stage.deploy(stage.first, changed)
    assert done.status == 1
    assert "the version is not ready after 20 seconds" in done.error


def test_other_settings_of_the_same_version_need_no_canary_and_are_taken_back(serving_first, cluster):
    changed = SERVING | {"resources": {"cpu": "2", "memory": "2Gi"}}
    assert serving_first.deploy(serving_first.first, changed).status == 0
    asked = cluster.service()["spec"]["predictor"]["model"]["resources"]["requests"]
    assert asked["cpu"] == "2"
    cluster.faults[serving_first.first] = ("wrong", 0)
    done = serving_first.deploy(serving_first.first)
    assert (done.status, cluster.service()["spec"]["predictor"]["model"]["resources"]["requests"]) == (
        1,
        asked,
    )


def test_a_service_changed_by_hand_is_declared_again(serving_first, cluster):
    by_hand = {"spec": {"predictor": {"minReplicas": 5}}}
    cluster.applied["inferenceservices", NAME]["kubectl"] = by_hand
    cluster.service()["spec"]["predictor"]["minReplicas"] = 5
    assert serving_first.deploy(serving_first.first, SERVING | {"replicas": 3}).status == 0
    assert cluster.service()["spec"]["predictor"]["minReplicas"] == 3


def test_an_interrupted_canary_is_gone_on_with(serving_first, cluster):
    def interrupt(service: dict) -> None:
        if cluster.traffic().get(serving_first.second) == 10:
            cluster.down = True

    cluster.on_apply = interrupt
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 3
    assert "the Kubernetes API answers 503" in done.error
    assert "it could not be taken back" in done.error
    assert cluster.traffic()[serving_first.second] == 10
    cluster.down, cluster.on_apply = False, None
    assert serving_first.deploy(serving_first.second, expected=serving_first.first).status == 0
    assert cluster.traffic() == {serving_first.second: 100}


def test_a_run_that_is_terminated_takes_its_canary_back(serving_first, cluster, monkeypatch):
    def terminated(seconds: float) -> None:
        if cluster.traffic().get(serving_first.second) == 50:
            monkeypatch.setattr(kubernetes.Clock, "sleep", staticmethod(cluster.clock.sleep))
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(kubernetes.Clock, "sleep", staticmethod(terminated))
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 128 + signal.SIGTERM
    assert f"taken back: {serving_first.first} serves all traffic" in done.output
    assert cluster.traffic() == {serving_first.first: 100}


def test_an_api_that_is_away_for_a_moment_is_waited_for(serving_first, cluster, monkeypatch):
    def back_soon(seconds: float) -> None:
        cluster.clock.sleep(seconds)
        cluster.down = False

    cluster.down = True
    monkeypatch.setattr(kubernetes.Clock, "sleep", staticmethod(back_soon))
    assert serving_first.deploy(serving_first.second, expected=serving_first.first).status == 0


def test_a_newer_deployment_takes_over_and_the_older_one_leaves_it_alone(serving_first, cluster):
    def take_over(service: dict) -> None:
        for canary in service["spec"].get("canary", []):
            canary["predictor"]["annotations"]["mlops/content"] = "another"

    cluster.on_apply = take_over
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert done.status == 1
    assert "another deployment took over" in done.error
    assert "taken back" not in done.error
    assert cluster.service()["spec"]["canary"]


def test_a_version_that_was_compared_with_a_former_champion_is_not_promoted(serving_first, cluster):
    done = serving_first.deploy(serving_first.second)
    assert done.status == 1
    assert f"the champion is {serving_first.first}, not none" in done.error
    assert cluster.traffic() == {serving_first.first: 100}


@pytest.mark.parametrize("kind", ["inferenceservices", "servingruntimes"])
def test_a_forbidden_request_is_reported(stage, cluster, kind):
    cluster.forbidden.add(("PATCH", kind))
    done = stage.deploy(stage.first)
    assert done.status == 3
    assert f'User "ci" cannot patch resource "{kind}"' in done.error
    assert "give this identity the right" in done.error


def test_pods_that_may_not_be_looked_at_are_waited_for(serving_first, cluster):
    cluster.forbidden.add(("GET", "pods"))
    cluster.fates[serving_first.second] = "crash"
    done = serving_first.deploy(serving_first.second, expected=serving_first.first)
    assert "is not ready after 20 seconds" in done.error


def test_a_cluster_with_no_kserve_or_no_namespace_is_reported(stage, cluster):
    cluster.without.add("servingruntimes")
    assert "install KServe, or create the namespace" in stage.deploy(stage.first).error
    elsewhere = stage.deploy(stage.first, SERVING | {"namespace": "nowhere"})
    assert (elsewhere.status, "namespace nowhere" in elsewhere.error) == (3, True)


def test_knative_mode_serves_and_takes_back_all_at_once(stage, cluster):
    knative = SERVING | {"mode": "knative", "canary": SERVING["canary"] | {"steps": []}}
    assert stage.deploy(stage.first, knative).status == 0
    assert "name" not in cluster.service()["spec"]["predictor"]
    stage.registry.promote(stage.first, "", verdict_on(CONTENTS[0]))
    cluster.faults[stage.second] = ("wrong", 0)
    assert stage.deploy(stage.second, knative, stage.first).status == 1
    assert cluster.traffic() == {stage.first: 100}
    cluster.faults.clear()
    assert stage.deploy(stage.second, knative, stage.first).status == 0


def test_the_mode_of_a_service_cannot_be_changed(serving_first, cluster):
    done = serving_first.deploy(serving_first.second, SERVING | {"mode": "knative"}, serving_first.first)
    assert done.status == 2
    assert "deploymentMode cannot be changed from 'Standard' to 'Knative'" in done.error


def test_a_role_of_aws_takes_the_place_of_keys(stage, cluster):
    role = "arn:aws:iam::123456789012:role/models"
    storage = {"region": "eu-west-1", "credentials": "irsa", "role_arn": role}
    assert stage.deploy(stage.first, SERVING | {"storage": storage}).status == 0
    account = cluster.objects["serviceaccounts", "flight-delays-store"]
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == role
    assert "secrets" not in account
    assert not [key for key in cluster.objects if key[0] == "secrets"]


def test_requests_go_through_the_ingress_where_the_host_leads_nowhere(stage, cluster):
    address, cluster.url = cluster.url, "http://flight-delays-models.example.com"
    assert stage.deploy(stage.first, SERVING | {"ingress": address}).status == 0


def test_without_a_gateway_a_canary_is_asked_at_its_own_service_and_then_promoted(
    serving_first, cluster, monkeypatch
):
    asked = []

    def post(session: requests.Session, url: str, **options):
        asked.append(url)
        if url.startswith(cluster.url):
            return session.request("POST", url, **options)
        return SimpleNamespace(status_code=200, json=lambda: answer_of(CONTENTS[1]))

    monkeypatch.setattr(requests.Session, "post", post)
    alone = {name: value for name, value in SERVING.items() if name != "gateway"}
    alone |= {"canary": SERVING["canary"] | {"steps": []}}
    assert serving_first.deploy(serving_first.second, alone, serving_first.first).status == 0
    service = f"flight-delays-v{serving_first.second[:10]}-predictor.models.svc"
    path = "/v2/models/flight-delays/infer"
    assert asked == [f"http://{service}{path}", f"{cluster.url}{path}"]
    assert not [key for key in cluster.objects if key[0] == "httproutes"]


def test_a_version_with_no_golden_requests_or_no_server_is_to_be_trained_again(stage, tmp_path):
    version = register(stage.registry, tmp_path, "old")
    done = stage.deploy(version)
    assert (done.status, "train it again" in done.error) == (2, True)


def test_keys_are_never_shown(stage, cluster):
    cluster.forbidden.add(("PATCH", "secrets"))
    done = stage.deploy(stage.first)
    assert "reader-secret" not in done.output + done.error
    assert "cmVhZGVyLXNlY3JldA" not in done.output + done.error


def test_a_kubeconfig_may_be_the_file_or_its_content(stage, cluster, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", (tmp_path / "kubeconfig").read_text())
    assert stage.deploy(stage.first).status == 0
    for wrong, why in (
        (str(tmp_path / "none"), "expected a file"),
        ("no: yaml\n: [", "none that can be read"),
    ):
        monkeypatch.setenv("KUBECONFIG", wrong)
        done = stage.deploy(stage.first)
        assert (done.status, why in done.error) == (2, True)
