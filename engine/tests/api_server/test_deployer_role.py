"""Tests of the Role that deploy_model has, on a real API server: each right is needed, and no other."""

import copy
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from engine.command_line import Finding
from engine.kserve import manifests
from engine.kserve.cluster import Clock, Cluster, Forbidden
from engine.kserve.releases import release_of
from engine.kserve.rollout import Rollout
from engine.tests.api_server import go_modules, kserve_definitions
from engine.tests.api_server.api_server import ApiServer, namespace, wait_until
from engine.tests.api_server.overlays import Overlays, only
from engine.tests.api_server.serving_cluster import Right, ServingCluster, serving_cluster
from engine.tests.served_versions import SERVING, answer_of, golden_of
from engine.tests.serving.test_manifests import KEYS, VERSION
from engine.tests.standins.kubernetes_api import kubeconfig_of

CONTENTS = {"aa" * 32: "first", "bb" * 32: "second version", "cc" * 32: "the third"}
ACCOUNT = "deploy-model"


def rights_of(role: dict[str, Any]) -> list[Right]:
    return [
        Right(group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def without(role: dict[str, Any], right: Right | None) -> dict[str, Any]:
    reduced = copy.deepcopy(role)
    for rule in reduced["rules"]:
        if right and (right.group, right.resource) == (rule["apiGroups"][0], rule["resources"][0]):
            rule["verbs"].remove(right.verb)
    reduced["rules"] = [rule for rule in reduced["rules"] if rule["verbs"]]
    return reduced


def in_namespace(objects: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    for each in copy.deepcopy(objects):
        each["metadata"]["namespace"] = name
        for subject in each.get("subjects", []):
            subject["namespace"] = name
        yield each


def deploy(cluster: Cluster, version: str, mode: str = "standard") -> None:
    serving = SERVING | {"namespace": cluster.namespace, "mode": mode}
    document = VERSION | {"version": version}
    release = release_of(cluster.definitions())
    wanted = manifests.render(serving, document, f"s3://models/{version}", "run-1", KEYS, release)
    Rollout(cluster, wanted, golden_of(CONTENTS[version]), print, lambda: None).run([])


def deploy_all(serving: ServingCluster, cluster: Cluster) -> str:
    """Deploy a version, a canary, one that does not start, and in mode knative; why it did not start."""
    controller, (first, second, third) = serving.controller, CONTENTS
    controller.namespaces.add(cluster.namespace)
    controller.answers = {version: answer_of(content) for version, content in CONTENTS.items()}
    deploy(cluster, first)
    deploy(cluster, second)
    controller.fates[third] = "crash"
    with pytest.raises(Finding) as failure:
        deploy(cluster, third)
    controller.objects.clear()
    controller.applied.clear()
    controller.fates.clear()
    deploy(cluster, first, "knative")
    return str(failure.value)


@pytest.fixture(scope="module")
def with_kinds(api_server: ApiServer) -> ApiServer:
    """The API server with the kinds of KServe and of the Gateway API."""
    kserve_definitions.install(api_server)
    api_server.apply(go_modules.definitions("gateway.networking.k8s.io"))
    return api_server


@pytest.fixture(scope="module")
def places(overlays: Overlays, with_kinds: ApiServer) -> dict[str, Right | None]:
    """Namespaces in which the deployer lacks one right each, and one in which it lacks none."""
    built = overlays.built("kserve-s3")
    objects = [only(built, kind, ACCOUNT) for kind in ("ServiceAccount", "Role", "RoleBinding")]
    rights = rights_of(objects[1])
    found = {f"models-{number}": right for number, right in enumerate([*rights, None])}
    for place, right in found.items():
        reduced = [without(each, right) if each["kind"] == "Role" else each for each in objects]
        with_kinds.apply([namespace(place), *in_namespace(reduced, place)])
    last = max(found, key=lambda place: int(place.rpartition("-")[2]))
    user = f"system:serviceaccount:{last}:{ACCOUNT}"
    wait_until(lambda: with_kinds.allows(user, "list", "", "pods", last), "the last Role is in force")
    return found


def test_the_role_of_the_deployer_has_each_right_that_a_deployment_needs_and_no_other(
    places: dict[str, Right | None], with_kinds: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, right in places.items():
        with serving_cluster(with_kinds) as serving:
            kubeconfig = kubeconfig_of(serving.controller.url, with_kinds.token_of(place, ACCOUNT))
            (tmp_path / place).write_text(kubeconfig)
            monkeypatch.setenv("KUBECONFIG", str(tmp_path / place))
            monkeypatch.setattr(Clock, "now", staticmethod(serving.controller.clock.now))
            monkeypatch.setattr(Clock, "sleep", staticmethod(serving.controller.clock.sleep))
            with nullcontext() if right is None else pytest.raises((Forbidden, AssertionError)):
                assert "expected a model of the SHA-256" in deploy_all(serving, Cluster(place))
            assert {*serving.missing} == {right} - {None}, place
