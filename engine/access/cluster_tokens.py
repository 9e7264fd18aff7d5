"""Tokens of a service account from the cluster's own API (TokenRequest)."""

from typing import Any

from engine.access.entrance import Environment, audience
from engine.access.refusals import DiagnosedError, diagnose
from engine.command_line import SettingsError

TIMEOUT = (5, 30)  # seconds to connect, and to read
LIFE = 3600  # seconds
ACCOUNT = "github-actions"


def request_token(api: Any, environment: Environment) -> str:
    """A token of KUBEFLOW_SERVICE_ACCOUNT for Kubeflow; `api` is kubernetes' client of the cluster."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    account, namespace = account_of(environment), namespace_of(environment)
    wish = {"audiences": [audience(environment)], "expirationSeconds": LIFE}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": wish}
    try:
        answer, _, _ = api.call_api(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            "POST",
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            response_type="object",
            auth_settings=["BearerToken"],
            _request_timeout=TIMEOUT,
        )
        return str(answer["status"]["token"])
    except ApiException as error:
        reason = f"{error.status} {error.reason}"
    except (HTTPError, LookupError, TypeError) as error:
        reason = type(error).__name__
    raise DiagnosedError(
        "TokenRequest", diagnose("token-request", account=account, namespace=namespace, found=reason)
    )


def account_of(environment: Environment) -> str:
    return environment.get("KUBEFLOW_SERVICE_ACCOUNT") or ACCOUNT


def namespace_of(environment: Environment) -> str:
    if namespace := environment.get("KUBEFLOW_NAMESPACE"):
        return namespace
    raise SettingsError("KUBEFLOW_NAMESPACE: expected the namespace of the service account, found none")
