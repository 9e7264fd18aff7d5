"""Waits until the cluster serves what was declared, or says why it does not."""

from engine.command_line import Finding
from engine.kserve.cluster import Cluster, Forbidden
from engine.kserve.manifests import OURS, Manifests, workload_name
from engine.kserve.objects import (
    Condition,
    Deployment,
    InferenceService,
    KnativeService,
    Predictor,
    Traffic,
    Waiting,
)

NEWEST = "latest"  # KServe's tag
POLL = 2.0
RESTARTS = 2  # a store that was away for a moment is no fault of the version
BROKEN = ("CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError")


class NotServing(Finding):
    """The cluster does not serve the version."""


class Superseded(Finding):
    """Another deployment replaced the version meanwhile."""


def until_serving(cluster: Cluster, wanted: Manifests, percent: int | None = None) -> InferenceService:
    """The InferenceService once it serves `wanted`: alone, or as a canary with `percent` of the traffic.

    Its own observedGeneration is no witness: KServe copies there that of a Deployment. So the Deployment (or
    Knative Service) behind the predictor is asked, which must be of the very content that was declared.
    """
    role = "the version" if percent is None else f"the canary at {percent}%"
    gives_up = cluster.clock.now() + wanted.serving["timeout_seconds"]
    while True:
        live = expect_ours(cluster.read("InferenceService", wanted.name), wanted)
        workload = _workload(cluster, wanted)
        shares = percent is None or not is_knative(wanted) or newest_share(workload) == percent
        if shares and _is_ready(live, wanted, percent) and _rolled_out(workload, wanted.content):
            return live
        if problem := _broken_pod(cluster, wanted):
            raise NotServing(f"{role} does not start: {problem}")
        if cluster.clock.now() > gives_up:
            seconds = wanted.serving["timeout_seconds"]
            raise NotServing(f"{role} is not ready after {seconds} seconds: {_described(live)}")
        cluster.clock.sleep(POLL)


def until_alone(cluster: Cluster, former: InferenceService, wanted: Manifests) -> None:
    """Wait until `former`, which was declared again, serves with no canary beside it."""
    name, seconds = wanted.name, wanted.serving["timeout_seconds"]
    predictor = former["spec"]["predictor"]
    content = predictor.get("annotations", {}).get(f"{OURS}content")
    gives_up = cluster.clock.now() + seconds
    while True:
        live = cluster.read("InferenceService", name)
        is_ready = live and not _canaries(live) and condition(live, "Ready").get("status") == "True"
        if is_ready and (not content or _rolled_out(_workload(cluster, wanted, predictor), content)):
            return
        if cluster.clock.now() > gives_up:
            raise NotServing(
                f"InferenceService {name} is not ready after {seconds} seconds: {_described(live)}"
            )
        cluster.clock.sleep(POLL)


def _canaries(live: InferenceService) -> bool:
    """Whether a canary is declared or still there."""
    return bool(live["spec"].get("canary") or live.get("status", {}).get("canaryStatuses"))


def expect_ours(live: InferenceService | None, wanted: Manifests) -> InferenceService:
    """The InferenceService, unless another deployment, which is newer, has replaced what we declared."""
    if live is None:
        raise Superseded(f"InferenceService {wanted.name} was deleted while it was deployed")
    spec = live["spec"]
    declared = [spec["predictor"], *(each["predictor"] for each in spec.get("canary", []))]
    contents = [each.get("annotations", {}).get(f"{OURS}content", "") for each in declared]
    if wanted.content not in contents:
        other = declared[-1].get("annotations", {}).get(f"{OURS}model-version", "something else")
        raise Superseded(f"another deployment took over: InferenceService {wanted.name} gets {other}")
    return live


def is_served(cluster: Cluster, live: InferenceService | None, wanted: Manifests) -> bool:
    """Whether this very content is what is served already, by itself."""
    if live is None:
        return False
    content = (live.get("metadata", {}).get("annotations") or {}).get(f"{OURS}content")
    if content != wanted.content or not _is_ready(live, wanted, None):
        return False
    return _rolled_out(_workload(cluster, wanted), wanted.content)


def newest_address(cluster: Cluster, wanted: Manifests) -> str:
    """Where Knative's newest revision answers, whatever its share of traffic."""
    traffic = _traffic(_workload(cluster, wanted))
    addresses = [share["url"] for share in traffic if share.get("tag") == NEWEST and share.get("url")]
    if not addresses:
        problem = f"expected an address of the tag {NEWEST}, found none; golden requests need it"
        raise NotServing(f"Knative Service {workload_name(wanted.name)}: {problem}")
    return addresses[0]


def newest_share(workload: Deployment | KnativeService | None) -> int:
    """The percentage of traffic of the newest revision that is ready."""
    if workload is None or workload["kind"] != "Service":
        return 0
    ready = workload.get("status", {}).get("latestReadyRevisionName")
    return sum(share.get("percent", 0) for share in _traffic(workload) if share.get("revisionName") == ready)


def _traffic(workload: Deployment | KnativeService | None) -> list[Traffic]:
    if workload is None or workload["kind"] != "Service":
        return []
    return workload.get("status", {}).get("traffic", [])


def has_served(live: InferenceService) -> bool:
    """Whether a revision of Knative had all traffic once, which then keeps what a newer one does not get."""
    predictor = live.get("status", {}).get("components", {}).get("predictor", {})
    return bool(predictor.get("latestRolledoutRevision"))


def is_knative(wanted: Manifests) -> bool:
    return wanted.serving["mode"] == "knative"


def condition(live: InferenceService, kind: str) -> Condition:
    """The condition of this kind, of status Unknown if the cluster reports none."""
    conditions = (each for each in live.get("status", {}).get("conditions", []) if each["type"] == kind)
    unknown: Condition = {"type": kind, "status": "Unknown"}
    return next(conditions, unknown)


def _is_ready(live: InferenceService, wanted: Manifests, percent: int | None) -> bool:
    ready = condition(live, "Ready").get("status") == "True" and bool(live["status"].get("url"))
    canaries = live.get("status", {}).get("canaryStatuses") or []
    if is_knative(wanted):
        return ready and live["spec"]["predictor"].get("canaryTrafficPercent") == percent
    if percent is None:
        return ready and not live["spec"].get("canary") and not canaries
    return ready and any(
        (each["name"], each["ready"], each["trafficPercent"]) == (wanted.predictor, True, percent)
        for each in canaries
    )


def _workload(
    cluster: Cluster, wanted: Manifests, predictor: Predictor | None = None
) -> Deployment | KnativeService | None:
    """Of the predictor that is wanted, or of another."""
    if is_knative(wanted):
        return cluster.read("Service", workload_name(wanted.name))
    name = wanted.predictor if predictor is None else predictor.get("name", "")
    return cluster.read("Deployment", workload_name(wanted.name, name))


def _rolled_out(workload: Deployment | KnativeService | None, content: str) -> bool:
    if workload is None:
        return False
    made_of = workload["spec"]["template"]["metadata"].get("annotations", {}).get(f"{OURS}content")
    observed = workload.get("status", {}).get("observedGeneration") == workload["metadata"]["generation"]
    if made_of != content or not observed:
        return False
    if workload["kind"] == "Service":
        revisions = workload.get("status", {})
        ready = revisions.get("latestReadyRevisionName")
        return ready is not None and ready == revisions.get("latestCreatedRevisionName")
    replicas, status = workload["spec"].get("replicas", 1), workload.get("status", {})
    counts = status.get("replicas", 0), status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return replicas > 0 and {*counts} == {replicas}


def _broken_pod(cluster: Cluster, wanted: Manifests) -> str:
    """Why a container of the new version cannot run, with the last it said; "" if none is known."""
    if is_knative(wanted):
        selector = f"serving.knative.dev/service={workload_name(wanted.name)}"
    else:
        selector = f"app=isvc.{workload_name(wanted.name, wanted.predictor)}"
    try:
        pods = cluster.pods(selector)
    except Forbidden:  # only a help; without it, the time limit decides
        return ""
    for pod in pods:
        if pod["metadata"].get("annotations", {}).get(f"{OURS}content") != wanted.content:
            continue
        status = pod.get("status", {})
        containers = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
        for container in containers:
            waiting = container.get("state", {}).get("waiting", {})
            if waiting.get("reason") == "CrashLoopBackOff" and container["restartCount"] < RESTARTS:
                continue
            if waiting.get("reason") in BROKEN:
                return _explained(cluster, pod["metadata"]["name"], container["name"], waiting)
    return ""


def _explained(cluster: Cluster, pod: str, container: str, waiting: Waiting) -> str:
    lines = [f"pod {pod}, {container}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")]
    if waiting["reason"] == "CrashLoopBackOff":
        lines += [f"  {line}" for line in cluster.log(pod, container).splitlines()]
    return "\n".join(lines)


def _described(live: InferenceService | None) -> str:
    conditions = live.get("status", {}).get("conditions", []) if live else []
    problems = [
        f"{each['type']}: {each.get('reason', '')} {each.get('message', '')}".rstrip(": ")
        for each in conditions
        if each["status"] != "True"
    ]
    return "; ".join(problems) or "its Deployment has not rolled out"
