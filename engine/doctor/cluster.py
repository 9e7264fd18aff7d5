"""Checks of the cluster: KServe and its fields, Pod Security, quotas, and the Secret of the store."""

from typing import Any

from engine.command_line import SettingsError, WorldError
from engine.doctor.refusals import diagnose
from engine.doctor.results import Results, Site, failed, ok, skipped
from engine.kserve.cluster import DEFINITIONS, Cluster
from engine.kserve.releases import release_of
from engine.kubeflow.versions import RUNS_AS_NON_ROOT, stated

CHECK = "cluster"
ENFORCED = "pod-security.kubernetes.io/enforce"
TIMEOUT = (5, 30)  # seconds to connect, and to read
QUOTAS = {kind: (kind, f"requests.{kind}", f"limits.{kind}") for kind in ("cpu", "memory")}


class Unanswered(WorldError):  # noqa: N818 - of the cluster
    """The cluster gave no answer."""


def check(site: Site) -> Results:
    namespace = site.variable("KUBEFLOW_NAMESPACE") or "kubeflow"
    try:
        api = Cluster(namespace).api
    except SettingsError as error:
        yield skipped(CHECK, str(error))
        return
    try:
        yield from _serving(site, api)
        yield from _pod_security(site, api, namespace)
        yield from _quotas(site, api, namespace)
        yield from _secret(site, api, namespace)
    except Unanswered as error:
        yield failed(CHECK, diagnose("cluster", found=error))


def _serving(site: Site, api: Any) -> Results:
    serving = site.settings.serving
    if serving is None:
        yield skipped("KServe", "mlops.yaml has no serving")
        return
    definition = get(api, DEFINITIONS)
    if definition is None:
        yield failed("KServe", diagnose("kserve"))
        return
    written = serving.written(site.settings.model)
    try:
        release = release_of(definition)
        release.check(written["mode"], written["canary"]["steps"])
    except SettingsError as error:
        yield failed("KServe", diagnose("kserve-canary", found=error))
    else:
        yield ok("KServe", f"{release.versions} can serve what mlops.yaml declares")


def _pod_security(site: Site, api: Any, namespace: str) -> Results:
    described = get(api, f"/api/v1/namespaces/{namespace}")
    if described is None:
        yield skipped("Pod Security", f"the namespace {namespace} is not there, or cannot be read")
        return
    level = described["metadata"].get("labels", {}).get(ENFORCED, "privileged")
    version = site.known.get("version")
    if level == "restricted" and (known := stated(version)) and known < RUNS_AS_NON_ROOT:
        yield failed("Pod Security", diagnose("pod-security", version=version, namespace=namespace))
    else:
        yield ok("Pod Security", f"{namespace} enforces {level}")


def _quotas(site: Site, api: Any, namespace: str) -> Results:
    quotas = (get(api, f"/api/v1/namespaces/{namespace}/resourcequotas") or {}).get("items", [])
    short = [result for quota in quotas for result in _short(site, quota, namespace)]
    yield from short
    if not short:
        yield ok("quota", f"{namespace} has room for each task" if quotas else f"{namespace} has none")


def _short(site: Site, quota: dict[str, Any], namespace: str) -> Results:
    """Where the largest task of mlops.yaml does not fit."""
    from kubernetes.utils import parse_quantity

    status = quota.get("status", {})
    for resource, names in QUOTAS.items():
        wishes = [getattr(each, resource) for each in site.settings.resources.values()]
        wanted = max((wish for wish in wishes if wish), key=parse_quantity, default=None)
        for name in names:
            hard = status.get("hard", {}).get(name)
            if wanted is None or hard is None:
                continue
            free = parse_quantity(hard) - parse_quantity(status.get("used", {}).get(name, "0"))
            if free < parse_quantity(wanted):
                facts = {"wanted": wanted, "resource": name, "namespace": namespace, "free": free}
                yield failed("quota", diagnose("quota", **facts, quota=quota["metadata"]["name"]))


def _secret(site: Site, api: Any, namespace: str) -> Results:
    store = site.settings.store
    if store is None or store.secret is None:
        yield skipped("Secret of the store", "mlops.yaml has no store.secret")
        return
    name = store.secret.name
    if get(api, f"/api/v1/namespaces/{namespace}/secrets/{name}") is None:
        yield failed("Secret of the store", diagnose("store-secret-absent", secret=name, namespace=namespace))
    else:
        yield ok("Secret of the store", f"{name} is in {namespace}")


def get(api: Any, path: str) -> dict[str, Any] | None:
    """What is at `path`; None if there is nothing, or nothing that may be read."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        document, _, _ = api.call_api(
            path,
            "GET",
            header_params={"Accept": "application/json"},
            response_type="object",
            auth_settings=["BearerToken"],
            _request_timeout=TIMEOUT,
        )
    except ApiException as error:
        if error.status in (403, 404):
            return None
        raise Unanswered(f"{error.status} {error.reason}") from None
    except HTTPError as error:
        raise Unanswered(type(error).__name__) from None
    return dict(document)
