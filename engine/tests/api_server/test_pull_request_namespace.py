"""Tests of the namespace of pull requests on a real API server: admission, quota and rights."""

from typing import Any

import pytest

from engine.tests.api_server.api_server import ApiServer, namespace, path_of, wait_until
from engine.tests.api_server.overlays import Overlays, only

PLACE = "pull-requests"
GITHUB = "repo:you@1/flight-delays@2:environment:pull-request"
TASK = f"system:serviceaccount:{PLACE}:pull-request"
ELSEWHERE = ("production", "models", "kubeflow", "istio-system", "default")
PIPELINES = "pipelines.kubeflow.org"
EVERY_USER = {"selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"}
CONTAINER: dict[str, Any] = {
    "name": "main",
    "image": "ghcr.io/you/flight-delays:train_model",
    "resources": {name: {"cpu": "1", "memory": "1Gi"} for name in ("requests", "limits")},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}


def pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "task", "namespace": PLACE},
        "spec": {
            "serviceAccountName": "pull-request",
            "containers": [CONTAINER | (container or {})],
            **spec,
        },
    }


@pytest.fixture(scope="module")
def server(api_server: ApiServer, overlays: Overlays) -> ApiServer:
    """The API server with the namespaces, and the quota's use as the missing controller would count it."""
    api_server.apply([namespace(name) for name in ELSEWHERE])
    objects = overlays.built("pr-namespace")
    api_server.apply(objects)
    for name in ("pr-namespace/store-secret", "ci-rbac", "kserve-s3", "kserve-s3/store-secret"):
        api_server.apply(overlays.built(name))
    quota = api_server.get(path_of(only(objects, "ResourceQuota")))
    hard = quota["spec"]["hard"]
    quota["status"] = {"hard": hard, "used": {name: "0" for name in hard} | {"secrets": "1"}}
    assert api_server.ask("PUT", f"{path_of(quota)}/status", quota).ok
    wait_until(lambda: rights(api_server, TASK, PLACE) and _is_counted(api_server), "the quota is in force")
    return api_server


def _is_counted(server: ApiServer) -> bool:
    return "exceeded quota" in refusal(server, pod({"resources": CONTAINER["resources"] | _cpu("99")}))


def _cpu(count: str) -> dict[str, Any]:
    return {name: {"cpu": count, "memory": "1Gi"} for name in ("requests", "limits")}


def refusal(server: ApiServer, manifest: dict[str, Any]) -> str:
    """Why the API server refuses to make an object; "" if it accepts it."""
    answer = server.try_apply(manifest, "&dryRun=All")
    assert answer.status_code in (200, 201, 403), answer.text
    return "" if answer.ok else str(answer.json()["message"])


def rights(server: ApiServer, user: str, place: str) -> set[tuple[str, str, str]]:
    """Group, resource and verb of all that a user may do in a namespace, beyond what every user may."""
    spec = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
    body = spec | {"spec": {"namespace": place}}
    impersonated = {"Impersonate-User": user, "Impersonate-Group": "system:authenticated"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    answer = server.ask("POST", path, body, **impersonated)
    assert answer.status_code == 201, answer.text
    status = answer.json()["status"]
    assert not status["incomplete"]
    return {
        (group, resource, verb)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if resource not in EVERY_USER
    }


def test_a_task_is_admitted(server: ApiServer) -> None:
    assert refusal(server, pod()) == ""


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (pod({"securityContext": {"privileged": True}}), 'violates PodSecurity "restricted'),
        (pod(hostNetwork=True), 'violates PodSecurity "restricted'),
        (pod(volumes=[{"name": "node", "hostPath": {"path": "/"}}]), 'violates PodSecurity "restricted'),
        (pod({"resources": {}}), "must specify limits.cpu"),
        (pod({"resources": _cpu("17")}), "exceeded quota: pull-requests"),
        (pod(serviceAccountName="default-editor"), 'serviceaccount "default-editor" not found'),
        (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "another", "namespace": PLACE}},
            "exceeded quota: pull-requests",
        ),
    ],
    ids=["privileged", "host network", "host path", "no limits", "too large", "account", "second Secret"],
)
def test_a_pod_outside_the_namespace_or_its_quota_is_refused(
    server: ApiServer, refused: dict[str, Any], why: str
) -> None:
    assert why in refusal(server, refused)


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("user", [GITHUB, TASK])
def test_a_pull_request_has_no_right_in_another_namespace(server: ApiServer, user: str, place: str) -> None:
    assert rights(server, user, place) == set()


def test_a_pull_request_may_start_runs_and_its_tasks_report(server: ApiServer) -> None:
    common = {"create", "delete", "list"}
    allowed = {"pipelines": {"get"}, "experiments": set(), "runs": {"get", "terminate"}}
    wanted = {(PIPELINES, resource, verb) for resource, verbs in allowed.items() for verb in common | verbs}
    assert rights(server, GITHUB, PLACE) == wanted
    reports = {("argoproj.io", "workflowtaskresults", verb) for verb in ("create", "patch")}
    reads = {("", resource, "get") for resource in ("configmaps", "pods", "secrets")}
    assert rights(server, TASK, PLACE) == reports | reads


def test_a_task_reads_its_one_secret_and_no_other(server: ApiServer) -> None:
    token = server.token_of(PLACE, "pull-request")
    secrets = f"/api/v1/namespaces/{PLACE}/secrets"
    assert server.ask("GET", f"{secrets}/mlpipeline-minio-artifact", token=token).status_code == 200
    for path in (secrets, f"{secrets}/another", "/api/v1/namespaces/models/secrets/flight-delays-store"):
        assert server.ask("GET", path, token=token).status_code == 403


def test_nothing_leaves_for_the_internet_and_nothing_enters(overlays: Overlays) -> None:
    spec = only(overlays.built("pr-namespace"), "NetworkPolicy")["spec"]
    assert (spec["podSelector"], {*spec["policyTypes"]}) == ({}, {"Ingress", "Egress"})
    assert "ingress" not in spec
    addresses = [to.get("ipBlock", {}).get("cidr", "") for rule in spec["egress"] for to in rule["to"]]
    assert all(rule["ports"] for rule in spec["egress"])
    assert [each for each in addresses if each and not each.endswith("/32")] == []
