"""What KServe's CRD lets pass and KServe or the cluster would fail at, often without a word."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.command_line import SettingsError
from engine.kserve.objects import InferenceService, Manifest, Predictor, ServingRuntime
from engine.kserve.releases import NAMES, OLD_NAMES

# A name is part of Services and host names: `<name>-v<10 digits>-predictor` must stay within 63 characters.
LONGEST_NAME = 41
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
PREFIX = "serving.kserve.io/"
MODE = PREFIX + "deploymentMode"


def check(manifests: Sequence[Manifest]) -> None:
    """Fail with every complaint about what would be applied."""
    complaints = [complaint for manifest in manifests for complaint in complaints_about(manifest)]
    if complaints:
        raise SettingsError("\n".join(complaints))


def complaints_about(manifest: Manifest) -> Iterator[str]:
    where = f"{manifest['kind']} {manifest['metadata']['name']}"
    complaints: Iterable[str] = ()
    if manifest["kind"] == "InferenceService":
        complaints = inference_service(manifest)
    elif manifest["kind"] == "ServingRuntime":
        complaints = runtime(manifest)
    elif manifest["kind"] in ("Secret", "ServiceAccount"):
        complaints = store_access(manifest["metadata"].get("annotations", {}))
    yield from (f"{where}: {complaint}" for complaint in complaints)


def inference_service(manifest: InferenceService) -> Iterator[str]:
    name, spec = manifest["metadata"]["name"], manifest["spec"]
    mode = manifest["metadata"].get("annotations", {}).get(MODE)
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        yield f"expected a name of a-z, 0-9 and -, a letter first, {LONGEST_NAME} at most, found {name!r}"
    stable, canaries = spec["predictor"], spec.get("canary", [])
    old_names = () if stable.get("name") else OLD_NAMES.values()
    if mode not in (*NAMES.values(), *old_names):
        yield f"{MODE}: expected Standard or Knative, found {mode}"
    if "canaryTrafficPercent" in stable and mode not in (NAMES["knative"], OLD_NAMES["knative"]):
        yield "canaryTrafficPercent: expected in Knative mode only, for Standard mode ignores it"
    if canaries and mode != "Standard":
        yield f"canary: expected in Standard mode only, found {mode}"
    shares = [each["trafficPercent"] for each in canaries]
    if "canaryTrafficPercent" in stable:
        shares.append(stable["canaryTrafficPercent"])
    if any(not 0 <= share <= 100 for share in shares) or sum(shares) > 100:
        yield f"expected shares of traffic from 0 to 100, and 100 in all, found {shares}"
    names = [each["name"] for each in (stable, *(each["predictor"] for each in canaries)) if each.get("name")]
    if len({*names}) < len(names):
        yield f"expected predictors of different names, found {', '.join(names)}"
    for predictor in (stable, *(each["predictor"] for each in canaries)):
        yield from predictor_complaints(name, predictor)


def predictor_complaints(name: str, predictor: Predictor) -> Iterator[str]:
    model = predictor.get("model", {})
    if not model.get("modelFormat", {}).get("name"):
        yield "expected modelFormat.name, found none"
    if complaint := storage_uri(model.get("storageUri", "")):
        yield complaint
    path = model.get("readinessProbe", {}).get("httpGet", {}).get("path")
    if path != f"/v2/models/{name}/ready":
        yield (
            f"readinessProbe: expected a GET of /v2/models/{name}/ready, found {path or 'none'}:"
            " a server without a model must not be ready"
        )
    if not predictor.get("serviceAccountName"):
        yield "serviceAccountName: expected one, for KServe looks for the store's keys nowhere else"


def storage_uri(uri: str) -> str | None:
    """What KServe's storage initializer would trip over, or fetch too much by."""
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/.+", uri):
        return f"storageUri: expected s3://bucket/folder/, found {uri or 'none'}"
    if not uri.endswith("/"):
        return f"storageUri: expected a / at the end of {uri}; without it, {uri}0 is fetched, too"
    return None


def runtime(manifest: ServingRuntime) -> Iterator[str]:
    for container in manifest["spec"]["containers"]:
        if not DIGEST.fullmatch(container["image"]):
            yield f"image: expected one by its digest, that the cluster can pull, found {container['image']}"


def store_access(annotations: Mapping[str, str]) -> Iterator[str]:
    """The endpoint of the store is host and port: KServe takes http or https from another annotation."""
    endpoint = annotations.get(PREFIX + "s3-endpoint")
    if endpoint is None:
        return
    if "://" in endpoint or "/" in endpoint:
        yield f"s3-endpoint: expected host and port with no scheme, found {endpoint}"
    if annotations.get(PREFIX + "s3-usehttps") not in ("0", "1"):
        yield "s3-usehttps: expected 0 or 1, because an endpoint with no scheme counts as https"
