"""Tests of infra/kubeflow on a real API server: what is applied, and what it lets in."""

import ast
from pathlib import Path
from typing import Any

import kfp
import pytest

from engine.tests.api_server import go_modules
from engine.tests.api_server.api_server import ApiServer, namespace, wait_until
from engine.tests.api_server.overlays import OVERLAYS, Overlays, only

ROOT = Path(__file__).parents[3]
NAMES = sorted(path.parent.relative_to(OVERLAYS).as_posix() for path in OVERLAYS.rglob("kustomization.yaml"))
ISSUER = "https://token.actions.githubusercontent.com"
RIGHTS = {
    "create_experiment": {"experiments create", "experiments list"},
    "create_recurring_run": {"jobs create"},
    "delete_experiment": {"experiments delete"},
    "delete_pipeline": {"pipelines delete"},
    "delete_pipeline_version": {"pipelines delete"},
    "delete_recurring_run": {"jobs delete"},
    "delete_run": {"runs delete"},
    "disable_recurring_run": {"jobs disable"},
    "enable_recurring_run": {"jobs enable"},
    "get_pipeline_version": {"pipelines get"},
    "get_run": {"runs get"},
    "get_user_namespace": set(),
    "list_experiments": {"experiments list"},
    "list_pipeline_versions": {"pipelines list"},
    "list_pipelines": {"pipelines list"},
    "list_recurring_runs": {"jobs list"},
    "list_runs": {"runs list"},
    "run_pipeline": {"runs create"},
    "terminate_run": {"runs terminate"},
    "upload_pipeline_version": {"pipelines create"},
}
"""The right that Kubeflow Pipelines demands for each method of its client that we call."""


@pytest.fixture(scope="module")
def server(api_server: ApiServer) -> ApiServer:
    api_server.apply(go_modules.definitions("security.istio.io"))
    api_server.apply([namespace(name) for name in ("production", "pull-requests", "models", "istio-system")])
    return api_server


@pytest.mark.parametrize("name", NAMES)
def test_an_overlay_is_accepted_field_by_field_and_again(
    server: ApiServer, overlays: Overlays, name: str
) -> None:
    for _ in range(2):
        server.apply(overlays.built(name))


def test_overlays_are_complete_but_for_keys(overlays: Overlays) -> None:
    for name in NAMES:
        if not name.endswith("store-secret"):
            assert Overlays(overlays.kustomize, OVERLAYS).built(name)


def called_methods() -> set[str]:
    """The methods of kfp.Client that the engine and the scripts name."""
    files = [*ROOT.glob("engine/**/*.py"), *ROOT.glob("scripts/**/*.py")]
    trees = [ast.parse(path.read_text()) for path in files if "/tests/" not in path.as_posix()]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if not node.attr.startswith("_") and hasattr(kfp.Client, node.attr)}


def test_the_role_of_ci_is_what_the_commands_call(overlays: Overlays) -> None:
    needed = set().union(*(RIGHTS[method] for method in called_methods()))
    role = only(overlays.built("ci-rbac"), "Role")
    granted = [
        f"{resource} {verb}"
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert {group for rule in role["rules"] for group in rule["apiGroups"]} == {"pipelines.kubeflow.org"}
    assert sorted(granted) == sorted(needed)


def matches(patterns: list[str], value: str) -> bool:
    """Istio's match of strings: exact, or a prefix that ends with *."""
    return any(value.startswith(each[:-1]) if each.endswith("*") else value == each for each in patterns)


def is_denied(policy: dict[str, Any], claims: dict[str, str], path: str) -> bool:
    """Whether a rule of the policy matches all that it names of a request with a valid token."""
    principal = f"{claims['iss']}/{claims['sub']}"
    for rule in policy["spec"]["rules"]:
        [source] = rule["from"]
        found = matches(source["source"]["requestPrincipals"], principal)
        for condition in rule.get("when", []):
            claim = condition["key"].removeprefix("request.auth.claims[").removesuffix("]")
            found &= not matches(condition["notValues"], claims.get(claim, ""))
        for target in rule.get("to", []):
            found &= not matches(target["operation"]["notPaths"], path)
        if found:
            return True
    return False


@pytest.mark.parametrize(
    ("claims", "path", "denied"),
    [
        ({}, "/pipeline/apis/v2beta1/runs", False),
        ({"repository_id": "666"}, "/pipeline/apis/v2beta1/runs", True),
        ({"repository_id": "22"}, "/pipeline/apis/v2beta1/runs", True),
        ({"repository_id": ""}, "/pipeline/apis/v2beta1/runs", True),
        ({"ref": "refs/pull/7/merge"}, "/pipeline/apis/v2beta1/runs", True),
        ({"ref": "refs/heads/mine", "environment": ""}, "/pipeline/apis/v2beta1/runs", True),
        ({"ref": "refs/pull/7/merge", "environment": "pull-request"}, "/pipeline/apis/v2beta1/runs", False),
        ({}, "/pipeline/apis/v1alpha1/runs/1/nodes/a/log", True),
        ({}, "/jupyter/api/namespaces", True),
        ({}, "/pipeline/apis/v2beta1", True),
        ({"iss": "https://dex", "repository_id": ""}, "/jupyter/api/namespaces", False),
    ],
)
def test_the_gateway_denies_githubs_other_repositories_and_paths(
    overlays: Overlays, claims: dict[str, str], path: str, denied: bool
) -> None:
    ours = {"iss": ISSUER, "sub": "repo:you/flight-delays", "repository_id": "2"}
    ours |= {"environment": "production", "ref": "refs/heads/main"}
    built = overlays.built("github-oidc")
    policy, authentication = only(built, "AuthorizationPolicy"), only(built, "RequestAuthentication")
    assert policy["spec"]["action"] == "DENY"
    assert policy["spec"]["selector"] == authentication["spec"]["selector"]
    [rule] = authentication["spec"]["jwtRules"]
    assert (rule["issuer"], rule["audiences"]) == (ISSUER, ["pipelines.kubeflow.org"])
    assert is_denied(policy, ours | claims, path) == denied


def test_github_gets_a_token_of_one_account_on_eks(server: ApiServer, overlays: Overlays) -> None:
    server.apply([*overlays.built("eks-service-account"), *overlays.built("store-secret")])
    group = {"Impersonate-User": "github", "Impersonate-Group": "mlops-github"}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    request |= {"spec": {"audiences": ["pipelines.kubeflow.org"]}}
    accounts = "/api/v1/namespaces/production/serviceaccounts"

    def status(method: str, path: str, body: Any = None) -> int:
        return server.ask(method, path, body, **group).status_code

    wait_until(
        lambda: status("POST", f"{accounts}/github-actions/token", request) == 201, "the Role is in force"
    )
    assert status("POST", f"{accounts}/default-editor/token", request) == 403
    assert status("GET", "/api/v1/namespaces/istio-system/pods") == 200
    assert status("GET", "/api/v1/namespaces/production/pods") == 403
    assert status("GET", "/api/v1/namespaces/production/secrets/mlops-store") == 403


def test_the_public_address_is_https_with_a_health_check_that_works(overlays: Overlays) -> None:
    annotations = only(overlays.built("alb-ingress"), "Ingress")["metadata"]["annotations"]
    found = {name.removeprefix("alb.ingress.kubernetes.io/"): value for name, value in annotations.items()}
    assert found["listen-ports"] == '[{"HTTPS": 443}]'
    assert found["ssl-policy"].startswith("ELBSecurityPolicy-TLS13-")
    assert (found["healthcheck-path"], found["healthcheck-port"]) == ("/healthz/ready", "15021")
    assert found["security-groups"], "the default lets everyone in"
