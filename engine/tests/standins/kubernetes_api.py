"""Stands in for a cluster with KServe: the Kubernetes API, KServe's webhook and controller, and a gateway.

What the real ones refuse is refused in their words: an object is checked against the fields of its definition
(crds.py), an InferenceService against the webhook's rules too. A test says what becomes of a version's pods.
The controller acts when it was asked twice about the InferenceService, late as a real one is.
Lists are replaced whole by an apply: no two managers of ours share one.
"""

import copy
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine.tests.standins import crds
from engine.tests.standins.http_server import Answer, Request, serving_requests

Document = dict[str, Any]
TOKEN = "a-token-of-the-cluster"
PATH = re.compile(
    r"/(?:api|apis)/(?P<api>[\w./]+?)/namespaces/(?P<namespace>[\w-]+)/(?P<kind>[a-z]+)(?:/(?P<name>[\w.-]+))?(?P<log>/log)?"
)
KNOWN = {
    ("v1", "pods"),
    ("v1", "secrets"),
    ("v1", "serviceaccounts"),
    ("apps/v1", "deployments"),
    ("gateway.networking.k8s.io/v1", "httproutes"),
    ("serving.knative.dev/v1", "services"),
    ("serving.kserve.io/v1alpha1", "servingruntimes"),
    ("serving.kserve.io/v1beta1", "inferenceservices"),
}
VERSION = "mlops/model-version"
DEFINITIONS = "/openapi/v3/apis/serving.kserve.io/v1beta1"
MODE = "serving.kserve.io/deploymentMode"
OLD_MODES = {"RawDeployment": "Standard", "Serverless": "Knative"}


class Refusal(Exception):  # noqa: N818 - an answer
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class FakeClock:
    """Time that passes when it is waited for."""

    def __init__(self) -> None:
        self.time, self.slept = 1000.0, []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)


@dataclass
class KubernetesApi:
    """A cluster, to be set and read by a test."""

    clock: FakeClock
    url: str = ""
    kserve: crds.Version = crds.NEWEST
    namespaces: set[str] = field(default_factory=lambda: {"models"})
    without: set[str] = field(default_factory=set)
    """Kinds that are not installed."""
    objects: dict[tuple[str, str], Document] = field(default_factory=dict)
    """By kind (its plural) and name."""
    applied: dict[tuple[str, str], dict[str, Document]] = field(default_factory=dict)
    """What each field manager declared of an object."""
    fates: dict[str, str] = field(default_factory=dict)
    """What becomes of the pods of a version: ready (default), never, crash, pull."""
    answers: dict[str, Document] = field(default_factory=dict)
    """What a version answers to a golden request."""
    faults: dict[str, tuple[str, int]] = field(default_factory=dict)
    """A version that answers wrong, fails, or is slow, from so many percent of the traffic on."""
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    """Method and kind."""
    down: bool = False
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, kind and name of each request."""
    requests: list[str] = field(default_factory=list)
    """The version that answered each inference request."""
    on_apply: Any = None
    """Called with each InferenceService that was applied, for what happens in the middle."""
    _asked: int = 0
    _noticed: int = 0
    _routed: Document = field(default_factory=dict)
    """The spec that the gateway follows."""
    _rolled_out: Document = field(default_factory=dict)
    """The predictor of Knative's revision that had all traffic last."""

    def changes(self) -> list[tuple[str, str]]:
        return [(kind, name) for method, kind, name in self.calls if method != "GET"]

    def service(self, name: str = "flight-delays") -> Document:
        return self.objects["inferenceservices", name]

    def traffic(self) -> dict[str, int]:
        """The share of each version."""
        spec = self.service()["spec"]
        if (percent := spec["predictor"].get("canaryTrafficPercent")) is not None:
            return {version_of(self._rolled_out): 100 - percent, version_of(spec["predictor"]): percent}
        canaries = {version_of(each["predictor"]): each["trafficPercent"] for each in spec.get("canary", [])}
        return {version_of(spec["predictor"]): 100 - sum(canaries.values())} | canaries

    def answer(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        if url.path.startswith("/v2/"):
            return self._infer(request, url.path)
        if self.down:
            return Answer(503, {}, b"the API is down")
        if url.path == DEFINITIONS and "inferenceservices" not in self.without:
            schemas = {"io.kserve.serving.v1beta1.InferenceService": self._definition()}
            return Answer(200, JSON, json.dumps({"components": {"schemas": schemas}}).encode())
        try:
            match = PATH.fullmatch(url.path)
            known = match and (match["api"], match["kind"]) in KNOWN and match["kind"] not in self.without
            if not known:
                raise Refusal(404, "the server could not find the requested resource")
            self.calls.append((request.method, match["kind"], match["name"] or ""))
            document = self._do(request, match, {key: each[0] for key, each in parse_qs(url.query).items()})
        except Refusal as refusal:
            status = {"kind": "Status", "status": "Failure", "message": str(refusal), "code": refusal.status}
            return Answer(refusal.status, JSON, json.dumps(status).encode())
        if isinstance(document, str):
            return Answer(200, {"Content-Type": "text/plain"}, document.encode())
        return Answer(200, JSON, json.dumps(document).encode())

    def _definition(self) -> Document:
        return crds.schema_of("InferenceService", self.kserve)

    def _mode(self, annotations: Document) -> str:
        """What KServe takes the annotation for: before 0.16 it knows the old names, and a default."""
        named = annotations.get(MODE, "")
        if self.kserve >= (0, 16):
            return OLD_MODES.get(named, named)
        return named if named in OLD_MODES else "Serverless"

    def _do(self, request: Request, match: re.Match[str], query: dict[str, str]) -> Any:
        kind, name, key = match["kind"], match["name"], (match["kind"], match["name"])
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized")
        if (request.method, kind) in self.forbidden:
            verb = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}[request.method]
            raise Refusal(403, f'{kind} "{name}" is forbidden: User "ci" cannot {verb} resource "{kind}"')
        if request.method == "PATCH":
            if match["namespace"] not in self.namespaces:
                raise Refusal(404, f'namespaces "{match["namespace"]}" not found')
            assert request.headers["Content-Type"] == "application/apply-patch+yaml"
            return self._apply(key, json.loads(request.body), query)
        if match["log"]:
            return self.objects["pods", name]["log"]
        if kind == "pods":
            label, _, value = query["labelSelector"].partition("=")
            pods = [each for (plural, _), each in self.objects.items() if plural == "pods"]
            return {"items": [each for each in pods if each["metadata"]["labels"].get(label) == value]}
        if key not in self.objects:
            raise Refusal(404, f'{kind} "{name}" not found')
        if request.method == "DELETE":
            return self.objects.pop(key)
        found = copy.deepcopy(self.objects[key])
        if kind == "inferenceservices":
            if self._noticed == found["metadata"]["generation"]:
                self._reconcile(name)
            self._noticed = found["metadata"]["generation"]
        return found

    def _apply(self, key: tuple[str, str], manifest: Document, query: dict[str, str]) -> Document:
        manager, force = query["fieldManager"], query.get("force") == "true"
        live = self.objects.get(key)
        declared = self.applied.setdefault(key, {})
        for other, theirs in declared.items():
            for path, value in leaves(manifest):
                if other != manager and not force and dict(leaves(theirs)).get(path, value) != value:
                    raise Refusal(409, f"Apply failed with 1 conflict: conflict with {other!r}: {path}")
        new = copy.deepcopy(live or {})
        others = {
            path for other, theirs in declared.items() if other != manager for path, _ in leaves(theirs)
        }
        gone = {path for path, _ in leaves(declared.get(manager, {}))} - others
        for path in gone - {path for path, _ in leaves(manifest)}:
            remove(new, path)
        merge(new, manifest)
        crd_check(new, self.kserve)
        if key[0] == "inferenceservices":
            webhook(new, live)
        changed = live is None or new.get("spec") != live.get("spec")
        new["metadata"]["generation"] = new["metadata"].get("generation", 0) + changed
        self.objects[key], declared[manager] = new, manifest
        if key[0] == "inferenceservices" and self.on_apply:
            self.on_apply(new)
        return new

    def _reconcile(self, name: str) -> None:
        """KServe's controller, which looks at predictors, and Kubernetes', which sees to their pods."""
        service = self.service(name)
        spec, annotations = service["spec"], service["metadata"].get("annotations", {})
        predictors = [spec["predictor"], *(each["predictor"] for each in spec.get("canary", []))]
        mode = self._mode(annotations)
        knative = OLD_MODES.get(mode, mode) == "Knative"
        kind = "services" if knative else "deployments"
        workloads = [self._workload(kind, name, each, annotations) for each in predictors]
        kept = {each["metadata"]["name"] for each in workloads}
        for key in [key for key in self.objects if key[0] == "deployments" and key[1] not in kept]:
            del self.objects[key]
        ready = [each["status"]["availableReplicas"] > 0 for each in workloads]
        truth = "True" if ready[0] else "False"
        conditions = [{"type": kind, "status": truth} for kind in ("PredictorReady", "IngressReady", "Ready")]
        if not ready[0]:
            conditions[0] |= {"reason": "MinimumReplicasUnavailable", "message": "no pod is available"}
        status = {"conditions": conditions}
        if self.kserve >= (0, 15, 2):
            status["deploymentMode"] = mode
        status["observedGeneration"] = workloads[0]["status"]["observedGeneration"]
        if ready[0]:
            status["url"] = self.url
        if len(predictors) > 1:
            status["canaryStatuses"] = [
                {
                    "name": each["predictor"]["name"],
                    "ready": is_ready,
                    "trafficPercent": each["trafficPercent"],
                }
                for each, is_ready in zip(spec["canary"], ready[1:], strict=True)
            ]
        service["status"], self._routed = status, copy.deepcopy(spec)
        if knative:
            self._share_traffic(service, workloads[0], is_ready=ready[0])

    def _share_traffic(self, service: Document, workload: Document, is_ready: bool) -> None:
        """As KServe does: a share goes to the newest revision, the rest to the one that had all last."""
        predictor, status = service["spec"]["predictor"], workload["status"]
        percent = predictor.get("canaryTrafficPercent")
        if percent is None and is_ready:
            self._rolled_out = copy.deepcopy(predictor)
        if self._rolled_out:
            service["status"]["components"] = {"predictor": {"latestRolledoutRevision": "the-last"}}
        newest = {"revisionName": status["latestReadyRevisionName"], "latestRevision": True}
        newest |= {"percent": 100 if percent is None else percent}
        if service["metadata"]["annotations"].get("serving.kserve.io/enable-tag-routing") == "true":
            newest |= {"tag": "latest", "url": f"http://latest-{workload['metadata']['name']}.example.com"}
        status["traffic"] = [newest]
        if percent is not None and self._rolled_out:
            canary = {"trafficPercent": percent, "predictor": copy.deepcopy(predictor)}
            self._routed = {"predictor": self._rolled_out, "canary": [canary]}

    def _workload(self, kind: str, name: str, predictor: Document, annotations: Document) -> Document:
        own = "-".join(filter(None, (name, predictor.get("name"), "predictor")))
        template = {"metadata": {"annotations": annotations | predictor.get("annotations", {})}}
        template["spec"] = {"model": {"name": "kserve-container"} | predictor["model"]}
        before = self.objects.get((kind, own), {"metadata": {"generation": 0}, "spec": {}})
        spec = {"template": template, "replicas": predictor.get("minReplicas", 1)}
        generation = before["metadata"]["generation"] + (before["spec"] != spec)
        fate = self.fates.get(version_of(predictor), "ready")
        # Pods of the template before stay until the new ones are ready.
        old = before.get("status", {}).get("availableReplicas", 0)
        count = spec["replicas"] if fate == "ready" else 0
        status = {
            "observedGeneration": generation,
            "replicas": count or old + 1,
            "updatedReplicas": count or 1,
            "availableReplicas": count or old,
            "latestCreatedRevisionName": f"{own}-{generation}",
            "latestReadyRevisionName": f"{own}-{generation if count else generation - 1}",
        }
        made = {
            "kind": "Service" if kind == "services" else "Deployment",
            "metadata": {"name": own, "generation": generation},
            "spec": spec,
            "status": status,
        }
        self.objects[kind, own] = made
        self.objects["pods", f"{own}-1"] = self._pod(own, template, fate)
        return made

    def _pod(self, own: str, template: Document, fate: str) -> Document:
        waiting = {
            "crash": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"},
            "pull": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "docker.io/you/x"'},
        }
        state = {"waiting": waiting[fate]} if fate in waiting else {"running": {}}
        labels = {"app": f"isvc.{own}", "serving.knative.dev/service": own}
        before = self.objects.get(("pods", f"{own}-1"), {}).get("status", {"containerStatuses": [{}]})
        restarts = before["containerStatuses"][0].get("restartCount", -1) + (fate == "crash")
        container = {"name": "kserve-container", "state": state, "restartCount": max(0, restarts)}
        return {
            "metadata": {"name": f"{own}-1", "labels": labels, **template["metadata"]},
            "status": {"containerStatuses": [container]},
            "log": "starting\nerror: expected a model of the SHA-256 ab, found cd\n",
        }

    def _infer(self, request: Request, path: str) -> Answer:
        """The gateway: by header where a route says so, else by weight."""
        self._asked += 1
        spec = self._routed
        chosen, percent = spec["predictor"], 100
        for canary in spec.get("canary", []):
            percent = canary["trafficPercent"]
            named = any(
                rule["backendRefs"][0]["name"] == f"flight-delays-{canary['predictor'].get('name')}-predictor"
                and match["path"]["value"] == path
                and request.headers.get(match["headers"][0]["name"]) == match["headers"][0]["value"]
                for (kind, _), route in self.objects.items()
                if kind == "httproutes"
                for rule in route["spec"]["rules"]
                for match in rule["matches"]
            )
            named = named or request.headers.get("Host", "").startswith("latest-")
            if named or self._asked % 100 < percent:
                chosen = canary["predictor"]
        version = version_of(chosen)
        self.requests.append(version)
        fault, since = self.faults.get(version, ("", 0))
        if fault and (chosen is spec["predictor"] or percent >= since):
            if fault == "slow":
                self.clock.time += 5
            elif fault == "fails" and self._asked % 4 == 0:
                return Answer(500, {}, b"out of memory")
            elif fault == "wrong":
                return Answer(200, JSON, json.dumps({"outputs": []}).encode())
        return Answer(200, JSON, json.dumps(self.answers[version]).encode())


JSON = {"Content-Type": "application/json"}


@contextmanager
def running_cluster(folder: Path) -> Iterator[tuple[KubernetesApi, Path]]:
    """A cluster, and the kubeconfig of a user with all rights in it."""
    api = KubernetesApi(FakeClock())
    with serving_requests(api.answer) as host:
        api.url = f"http://{host}"
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(kubeconfig_of(api.url, TOKEN))
        yield api, kubeconfig


def kubeconfig_of(url: str, token: str) -> str:
    cluster, user = {"name": "it", "cluster": {"server": url}}, {"name": "ci", "user": {"token": token}}
    context = {"name": "it", "context": {"cluster": "it", "user": "ci"}}
    whole = {"apiVersion": "v1", "kind": "Config", "current-context": "it"}
    whole |= {"clusters": [cluster], "users": [user], "contexts": [context]}
    return json.dumps(whole, indent=1)


def version_of(predictor: Document) -> str:
    return predictor.get("annotations", {}).get(VERSION, "")


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and (value or not path):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    else:
        yield path, value


def remove(document: Document, path: tuple[str, ...]) -> None:
    *parents, last = path
    trail = [document]
    for key in parents:
        trail.append(trail[-1].get(key, {}))
    trail[-1].pop(last, None)
    for parent, key in zip(reversed(trail[:-1]), reversed(parents), strict=True):
        if parent.get(key) == {}:
            del parent[key]


def merge(into: Document, manifest: Document) -> None:
    for key, value in manifest.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


def crd_check(manifest: Document, kserve: crds.Version = crds.NEWEST) -> None:
    """A server-side apply answers 500 to unknown fields and wrong types, and 422 to other faults."""
    for error in crds.errors(manifest, kserve):
        where = "".join(f".{part}" for part in error.absolute_path)
        if error.validator in ("additionalProperties", "type"):
            problem = error.message if error.validator == "type" else "field not declared in schema"
            raise Refusal(500, f"failed to create typed patch object: {where}: {problem}")
        what = f'{manifest["kind"]} "{manifest["metadata"]["name"]}"'
        raise Refusal(422, f"{what} is invalid: {where}: {error.message}")


def webhook(new: Document, old: Document | None) -> None:
    """The rules of KServe's validating webhook that concern us."""
    for complaint in denials(new, old or {}):
        name = "inferenceservice.kserve-webhook-server.validator"
        raise Refusal(403, f'admission webhook "{name}" denied the request: {complaint}')


def denials(new: Document, old: Document) -> Iterator[str]:
    mode = new["metadata"].get("annotations", {}).get(MODE)
    was = old.get("status", {}).get("deploymentMode")
    if was and mode and mode != was:
        yield f"update rejected: deploymentMode cannot be changed from '{was}' to '{mode}'"
    stable = new["spec"]["predictor"]
    before = old.get("spec", {}).get("predictor")
    renamed = before and before.get("name") != stable.get("name")
    if renamed and before["model"]["storageUri"] == stable["model"]["storageUri"]:
        yield "predictor.name change requires a model change (e.g. storageUri)"
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", new["metadata"]["name"]):
        yield f'the InferenceService "{new["metadata"]["name"]}" is invalid: a name must be of a-z, 0-9, -'
    if stable["model"].get("name"):
        yield "the 'name' field is not allowed in standard predictor"
    names = [stable.get("name")]
    for canary in new["spec"].get("canary", []):
        predictor = canary["predictor"]
        if mode != "Standard":
            yield "canary is only supported in Standard deployment mode"
        if predictor.get("name") in (None, "", *names):
            yield f"canary predictor.name {predictor.get('name')!r} is missing, or another's"
        if not 0 <= canary["trafficPercent"] <= 100:
            yield "trafficPercent must be between 0 and 100"
        if {"maxReplicas", "scaleTarget", "scaleMetric", "autoScaling"} & {*predictor}:
            yield "canary uses fixed replicas"
        if predictor.get("minReplicas", 0) > stable.get("minReplicas", 1):
            yield "minReplicas must not exceed stable predictor minReplicas"
        names.append(predictor["name"])
