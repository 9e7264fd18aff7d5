"""What the code writes and reads of Kubernetes objects; a cluster's objects have more keys than these."""

from typing import Literal, NotRequired, Required, TypedDict


class Metadata(TypedDict, total=False):
    name: str
    namespace: str
    generation: int
    annotations: dict[str, str]


class Condition(TypedDict, total=False):
    type: Required[str]
    status: Required[str]
    reason: str
    message: str


class ModelFormat(TypedDict, total=False):
    name: str


class HttpGet(TypedDict, total=False):
    path: str
    port: int


class ReadinessProbe(TypedDict, total=False):
    httpGet: HttpGet


class Model(TypedDict, total=False):
    name: str
    modelFormat: ModelFormat
    storageUri: str
    readinessProbe: ReadinessProbe


class Predictor(TypedDict, total=False):
    name: str
    annotations: dict[str, str]
    serviceAccountName: str
    minReplicas: int
    canaryTrafficPercent: int
    model: Model


class Canary(TypedDict):
    trafficPercent: int
    predictor: Predictor


class InferenceServiceSpec(TypedDict, total=False):
    predictor: Required[Predictor]
    canary: list[Canary]


class CanaryStatus(TypedDict):
    name: str
    ready: bool
    trafficPercent: int


class ComponentStatus(TypedDict, total=False):
    latestRolledoutRevision: str


class InferenceServiceStatus(TypedDict, total=False):
    components: dict[str, ComponentStatus]
    url: str
    conditions: list[Condition]
    canaryStatuses: list[CanaryStatus]


class InferenceService(TypedDict, total=False):
    apiVersion: Required[str]
    kind: Required[Literal["InferenceService"]]
    metadata: Required[Metadata]
    spec: Required[InferenceServiceSpec]
    status: InferenceServiceStatus


class ServerContainer(TypedDict):
    name: str
    image: str


class ServingRuntimeSpec(TypedDict):
    containers: list[ServerContainer]


class ServingRuntime(TypedDict):
    apiVersion: str
    kind: Literal["ServingRuntime"]
    metadata: Metadata
    spec: ServingRuntimeSpec


class Secret(TypedDict):
    """Values are base64; no `data` if the cluster has the keys already."""

    apiVersion: str
    kind: Literal["Secret"]
    metadata: Metadata
    data: NotRequired[dict[str, str]]


class ServiceAccount(TypedDict):
    apiVersion: str
    kind: Literal["ServiceAccount"]
    metadata: Metadata


class HTTPRoute(TypedDict):
    apiVersion: str
    kind: Literal["HTTPRoute"]
    metadata: Metadata


Support = Secret | ServiceAccount | ServingRuntime
"""What an InferenceService refers to."""
Manifest = InferenceService | Support | HTTPRoute


class PodTemplate(TypedDict):
    metadata: Metadata


class WorkloadSpec(TypedDict):
    template: PodTemplate
    replicas: NotRequired[int]


class DeploymentStatus(TypedDict, total=False):
    observedGeneration: int
    replicas: int
    updatedReplicas: int
    availableReplicas: int


class Deployment(TypedDict):
    kind: Literal["Deployment"]
    metadata: Metadata
    spec: WorkloadSpec
    status: NotRequired[DeploymentStatus]


class Traffic(TypedDict, total=False):
    """A share of a Knative Service's traffic; `url` is the address of its tag alone."""

    revisionName: str
    percent: int
    tag: str
    url: str


class KnativeServiceStatus(TypedDict, total=False):
    observedGeneration: int
    latestReadyRevisionName: str
    latestCreatedRevisionName: str
    traffic: list[Traffic]


class KnativeService(TypedDict):
    kind: Literal["Service"]
    metadata: Metadata
    spec: WorkloadSpec
    status: NotRequired[KnativeServiceStatus]


class Waiting(TypedDict, total=False):
    reason: str
    message: str


class ContainerState(TypedDict, total=False):
    waiting: Waiting


class ContainerStatus(TypedDict):
    name: str
    restartCount: int
    state: NotRequired[ContainerState]


class PodStatus(TypedDict, total=False):
    initContainerStatuses: list[ContainerStatus]
    containerStatuses: list[ContainerStatus]


class Pod(TypedDict):
    metadata: Metadata
    status: NotRequired[PodStatus]
