"""The section `serving` of mlops.yaml as deploy_model gets it: with defaults, and without what is omitted."""

from typing import Literal, NotRequired, TypedDict


class Storage(TypedDict):
    """How the server reaches the model registry; `role_arn` with irsa only."""

    endpoint: NotRequired[str]
    region: str
    credentials: Literal["static", "irsa"]
    role_arn: NotRequired[str]


class CanaryLimits(TypedDict):
    """Shares of traffic in percent, and what golden requests may show at each of them."""

    steps: list[int]
    pause_seconds: int
    requests: int
    maximum_error_share: float
    maximum_p95_ms: int


class ServerResources(TypedDict):
    """Kubernetes quantities."""

    cpu: str
    memory: str


class ServingSettings(TypedDict):
    namespace: str
    name: str
    mode: Literal["standard", "knative"]
    gateway: NotRequired[str]
    ingress: NotRequired[str]
    replicas: int
    resources: ServerResources
    storage: Storage
    canary: CanaryLimits
    timeout_seconds: int
