"""The Kubernetes API: plain documents, applied server-side, and errors that say what to do."""

import json
import os
import time
from pathlib import Path
from typing import Any, Literal, overload

from engine.command_line import SettingsError, WorldError
from engine.http import retry
from engine.kserve.objects import Deployment, InferenceService, KnativeService, Manifest, Pod, Secret

MANAGER = "mlops-deploy-model"
WAITS = (1, 2, 4, 8, 10, 10, 10, 10)  # an API server that restarts is back within a minute
TIMEOUT = (5, 30)  # seconds to connect, and to read
DEFINITIONS = "/openapi/v3/apis/serving.kserve.io/v1beta1"
PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes",
    "InferenceService": "/apis/serving.kserve.io/v1beta1/namespaces/{}/inferenceservices",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/apis/serving.knative.dev/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ServingRuntime": "/apis/serving.kserve.io/v1alpha1/namespaces/{}/servingruntimes",
    "Workflow": "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows",
}


class Forbidden(WorldError):  # noqa: N818 - an answer of the cluster
    """These credentials may not do this."""


class Clock:
    """Time, which a test may make its own."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


class Cluster:
    """One namespace of the cluster that KUBECONFIG, or the pod that we are in, names."""

    def __init__(self, namespace: str):
        self.namespace, self.clock = namespace, Clock()
        self.api = _client()

    @overload
    def read(self, kind: Literal["InferenceService"], name: str) -> InferenceService | None: ...
    @overload
    def read(self, kind: Literal["Deployment"], name: str) -> Deployment | None: ...
    @overload
    def read(self, kind: Literal["Service"], name: str) -> KnativeService | None: ...
    @overload
    def read(self, kind: Literal["Secret"], name: str) -> Secret | None: ...
    def read(self, kind: str, name: str) -> Any:
        """The object, or None if there is none."""
        return self._call("GET", kind, name)

    def definitions(self) -> dict[str, Any] | None:
        """KServe's kinds as the API publishes them (OpenAPI), or None if it has none."""
        openapi: dict[str, Any] | None = self._request("GET", "definitions of KServe", DEFINITIONS)
        return openapi

    def pods(self, selector: str) -> list[Pod]:
        listed = self._call("GET", "Pod", query={"labelSelector": selector}) or {}
        return list(listed.get("items", []))

    def workflows_of(self, run_id: str) -> list[dict[str, Any]]:
        """The Workflows of a run of Kubeflow Pipelines."""
        listed = self._call("GET", "Workflow", query={"labelSelector": f"pipeline/runid={run_id}"}) or {}
        return list(listed.get("items", []))

    def log(self, pod: str, container: str) -> str:
        """The last lines of a container that ended, or of the one that runs."""
        for previous in ("true", "false"):
            query = {"container": container, "previous": previous, "tailLines": "5"}
            try:
                return str(self._call("GET", "Pod", f"{pod}/log", query=query, text=True) or "")
            except (
                SettingsError,
                WorldError,
            ):  # it never ended, or has no log: the reason is reported without
                continue
        return ""

    def apply(self, manifest: Manifest) -> None:
        """Declare what we want of an object, and take back what we declared of it before and do not now."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if self._call("PATCH", kind, name, manifest, {"fieldManager": MANAGER, "force": "true"}) is None:
            raise WorldError(
                f"{self.api.configuration.host}: expected {manifest['apiVersion']} {kind} and namespace"
                f" {self.namespace}, found none of one; install KServe, or create the namespace"
            )

    def delete(self, kind: str, name: str) -> None:
        self._call("DELETE", kind, name)

    def _call(
        self,
        method: str,
        kind: str,
        name: str = "",
        body: Manifest | None = None,
        query: dict[str, str] | None = None,
        text: bool = False,
    ) -> Any:
        path = PATHS[kind].format(self.namespace) + (f"/{name}" if name else "")
        return self._request(method, f"{kind} {name}".strip(), path, body, query, text)

    def _request(
        self,
        method: str,
        target: str,
        path: str,
        body: Manifest | None = None,
        query: dict[str, str] | None = None,
        text: bool = False,
    ) -> Any:
        """None if there is nothing; what cannot be answered now is asked again, which does no harm here."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        def attempt() -> Any:
            wait = None
            try:
                return self._once(method, path, body, query, text)
            except HTTPError as error:
                problem = f"cannot be reached ({type(error).__name__})"
            except ApiException as error:
                if error.status == 404:
                    return None
                if _is_refusal(error):
                    raise self._refusal(error, f"{method} {target}") from None
                problem = f"answers {error.status} {error.reason}"
                wait = retry.wished_wait((error.headers or {}).get("Retry-After"))
            raise retry.Failed(self._unanswered(problem), wait)

        return retry.retried(attempt, WAITS, self.clock.sleep)

    def _once(
        self, method: str, path: str, body: Manifest | None, query: dict[str, str] | None, text: bool
    ) -> Any:
        headers = {"Accept": "*/*" if text else "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/apply-patch+yaml"
        data, _, _ = self.api.call_api(
            path,
            method,
            query_params=list((query or {}).items()),
            header_params=headers,
            body=body,
            response_type="str" if text else "object",
            auth_settings=["BearerToken"],
            _request_timeout=TIMEOUT,
        )
        return data

    def _unanswered(self, problem: str) -> WorldError:
        return WorldError(
            f"{self.api.configuration.host}: the Kubernetes API {problem};"
            " see that it is up, and run this again: it goes on where it stopped"
        )

    def _refusal(self, error: Any, request: str) -> Exception:
        try:
            message = json.loads(error.body)["message"]
        except (KeyError, TypeError, ValueError):
            message = str(error.reason)
        message = " ".join(message.split())
        if error.status in (401, 403) and "admission webhook" not in message:
            return Forbidden(
                f"{request}: the cluster forbids it: {message};"
                f" give this identity the right to, in the namespace {self.namespace}"
            )
        return SettingsError(f"{request}: the cluster refused it: {message}")


def _is_refusal(error: Any) -> bool:
    """Whether asking again cannot help; an unknown field, or a value of a wrong type, is reported as 500."""
    is_faulty = 400 <= error.status < 500 and error.status != 429
    return is_faulty or "failed to create typed patch object" in str(error.body)


def _client() -> Any:
    import yaml
    from kubernetes import config
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration()
    kubeconfig = os.environ.get("KUBECONFIG", "")
    try:
        if "\n" in kubeconfig:  # the file itself, as a secret of a workflow holds it
            config.load_kube_config_from_dict(yaml.safe_load(kubeconfig), client_configuration=configuration)
        elif kubeconfig:
            if not Path(kubeconfig).is_file():
                raise SettingsError(f"KUBECONFIG: expected a file, found none at {kubeconfig}")
            config.load_kube_config(kubeconfig, client_configuration=configuration)
        else:
            _load_default(configuration)
    except (config.ConfigException, yaml.YAMLError, TypeError):
        raise SettingsError(
            "KUBECONFIG: expected a cluster's configuration, found none that can be read;"
            " outside of a cluster, set it to a kubeconfig"
        ) from None
    configuration.retries = False  # ours say what they wait for
    return ApiClient(configuration)


def _load_default(configuration: Any) -> None:
    """The pod's own account, or what kubectl would use."""
    from kubernetes import config

    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        config.load_kube_config(str(Path("~/.kube/config").expanduser()), client_configuration=configuration)
