"""What of a model version goes to the cluster, rendered from templates."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.command_line import SettingsError
from engine.documents.version import Version
from engine.kserve import lint
from engine.kserve.objects import HTTPRoute, InferenceService, Manifest, Model, Predictor, Support
from engine.kserve.releases import NEWEST, Release
from engine.kserve.serving_settings import ServingSettings, Storage

OURS = "mlops/"
HEADER = "mlops-predictor"
HIDDEN = "(hidden)"
TAGS = f"{lint.PREFIX}enable-tag-routing"
"""The annotation by which Knative gives the newest revision an address of its own."""
CONTAINER = "kserve-container"
STORE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@dataclass(frozen=True)
class Manifests:
    """All that is applied for one version; `content` is equal if nothing of it differs."""

    name: str
    version: str
    predictor: str
    supports: list[Support]
    service: InferenceService
    content: str
    serving: ServingSettings
    named_predictors: bool
    """Whether a canary of another name can stand beside the stable predictor."""

    def canary(self, stable: InferenceService, percent: int) -> InferenceService:
        """The live `stable` InferenceService, with this version beside it for `percent` of the traffic."""
        replicas = max(1, ceil(self.serving["replicas"] * percent / 100))
        declared = self.service["spec"]["predictor"]
        # The CRD wants a container's name here, where the webhook forbids it for the stable predictor.
        model: Model = {**declared["model"], "name": CONTAINER}
        predictor: Predictor = {**declared, "minReplicas": replicas, "model": model}
        manifest = kept(stable)
        manifest["spec"]["canary"] = [{"trafficPercent": percent, "predictor": predictor}]
        lint.check([manifest])
        return manifest

    def shifted(self, percent: int) -> InferenceService:
        """This version as Knative's newest revision, with `percent` of the traffic."""
        return with_share(self.service, percent)

    def route(self, host: str) -> HTTPRoute:
        """Where golden requests reach the canary, by a header."""
        route: HTTPRoute = _render(
            "http_route",
            serving=self.serving,
            route=f"{self.name}-canary",
            host=host,
            infer_path=infer_path(self.name),
            header=HEADER,
            predictor=self.predictor,
            service=workload_name(self.name, self.predictor),
        )
        return route

    def shown(self) -> str:
        """All of it as YAML for people: no key of a store in it."""
        return yaml.safe_dump_all([shown(each) for each in (*self.supports, self.service)], sort_keys=False)


def render(
    serving: ServingSettings,
    version: Version,
    model_uri: str,
    run: str,
    keys: Mapping[str, str] | None,
    release: Release = NEWEST,
) -> Manifests:
    """What serves `version`; `keys` are the store's, if they are given and not in the cluster already."""
    name, image = serving["name"], version["images"].get("serve_model", "")
    if not image:
        raise SettingsError(f"version {version['version']} has no image that serves it; train it again")
    is_named = serving["mode"] == "standard" and release.named_predictors
    predictor = f"v{version['version'][:10]}" if is_named else ""
    facts = {
        "serving": serving,
        "name": name,
        "version": version,
        "predictor": predictor,
        "tags": TAGS,
        "mode": release.modes[serving["mode"]],
        "account": f"{name}-store",
        "image": image,
        # Versions that differ in their server must not share a runtime: changing it restarts who uses it.
        "runtime": f"{name}-{hashlib.sha256(image.encode()).hexdigest()[:12]}",
        "storage_uri": storage_uri(model_uri),
        "ready_path": f"/v2/models/{name}/ready",
        "s3": s3_annotations(serving["storage"]),
        "keys": keys,
    }
    supports: list[Support] = [_render("service_account", **facts), _render("serving_runtime", **facts)]
    if serving["storage"]["credentials"] == "static":
        supports.insert(0, _render("secret", **facts))
    described = {
        "model-version": version["version"],
        "commit": version["code_sha"],
        "data-sha256": version["record"].get("data_sha256") or "unknown",
    }
    public = [shown(each) for each in supports] + [
        _render("inference_service", annotations=described, **facts)
    ]
    content = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()
    annotations = {
        f"{OURS}{key}": value
        for key, value in (described | {"run": run or "by hand", "content": content}).items()
    }
    service: InferenceService = _render("inference_service", annotations=annotations, **facts)
    lint.check([*supports, service])
    return Manifests(name, version["version"], predictor, supports, service, content, serving, is_named)


def kept(live: InferenceService) -> InferenceService:
    """What we declare of an InferenceService that is there: its stable predictor as it is, and no canary."""
    metadata = live["metadata"]
    annotations = {
        key: value
        for key, value in metadata.get("annotations", {}).items()
        if key.startswith(OURS) or key in (lint.MODE, TAGS)
    }
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "annotations": annotations,
        },
        "spec": {"predictor": live["spec"]["predictor"]},
    }


def with_share(service: InferenceService, percent: int) -> InferenceService:
    """`service` as Knative's newest revision, with `percent` of the traffic; the rest stays where it was."""
    predictor: Predictor = {**service["spec"]["predictor"], "canaryTrafficPercent": percent}
    manifest: InferenceService = {**service, "spec": {"predictor": predictor}}
    lint.check([manifest])
    return manifest


def storage_uri(model_uri: str) -> str:
    """`model_uri` as KServe takes it: Kubeflow's minio:// is s3://, and a folder ends with a slash."""
    scheme, separator, path = model_uri.partition("://")
    return f"{'s3' if scheme == 'minio' else scheme}{separator}{path.rstrip('/')}/"


def s3_annotations(storage: Storage) -> dict[str, str]:
    """How KServe reaches the store: on a Secret, or on the ServiceAccount that has a role."""
    annotations = {"s3-region": storage["region"]}
    if endpoint := storage.get("endpoint"):
        url = urlsplit(endpoint)
        annotations |= {
            "s3-endpoint": url.netloc,
            "s3-usehttps": "1" if url.scheme == "https" else "0",
        }
    return {f"{lint.PREFIX}{key}": value for key, value in annotations.items()}


def infer_path(name: str) -> str:
    return f"/v2/models/{name}/infer"


def workload_name(name: str, predictor: str = "") -> str:
    """Deployment (or Knative Service) and Service of a predictor, as KServe calls them."""
    return f"{name}-{predictor}-predictor" if predictor else f"{name}-predictor"


def shown(manifest: Manifest) -> Manifest:
    """The manifest for people and logs: no key of a store in it."""
    if manifest["kind"] != "Secret" or "data" not in manifest:
        return manifest
    return {**manifest, "data": {key: HIDDEN for key in manifest["data"]}}


def _render(template: str, **facts: Any) -> Any:
    """The template's manifest, of the kind that it declares."""
    return yaml.safe_load(_templates().get_template(f"{template}.yaml.j2").render(facts))


def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # every value is written as JSON, which is YAML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["json"] = lambda value: json.dumps(value, separators=(",", ":"))
    made.filters["base64"] = lambda text: base64.b64encode(text.encode()).decode()
    return made
