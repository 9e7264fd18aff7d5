"""The section `serving` of mlops.yaml: where KServe serves the champion, and how a new one gets there."""

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.settings.settings_types import Count, Cpu, Memory, Omittable, Section, matches

DnsName = Annotated[
    str, matches(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "lower-case letters, digits and hyphens, a letter first")
]
SERVICE_NAME = r"[a-z]([a-z0-9-]{0,39}[a-z0-9])?"
ServiceName = Annotated[
    str, matches(SERVICE_NAME, "lower-case letters, digits and hyphens, a letter first, 41 at most")
]
Gateway = Annotated[str, matches(r"[a-z0-9-]+/[a-z0-9.-]+", "namespace/name of a Gateway")]
Url = Annotated[str, matches(r"https?://[^/?#@\s]+", "http:// or https:// with host and port, and no path")]
Region = Annotated[str, matches(r"[a-z0-9-]+", "a region, as us-east-1")]
Role = Annotated[
    str,
    matches(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", "an IAM role, as arn:aws:iam::123456789012:role/models"),
]
Percent = Annotated[int, Field(ge=1, le=99)]
Share = Annotated[float, Field(ge=0, le=1)]


class Storage(Section):
    """How the server reaches the model registry, which may be another way than from here."""

    endpoint: Omittable[Url] = None
    region: Region = "us-east-1"
    credentials: Literal["static", "irsa"] = "static"
    role_arn: Omittable[Role] = None


class Canary(Section):
    steps: list[Percent] = Field(default=[10, 50])
    pause_seconds: Annotated[int, Field(ge=0)] = 60
    requests: Count = 20
    maximum_error_share: Share = 0.0
    maximum_p95_ms: Count = 1000


class ServerResources(Section):
    cpu: Cpu = "1"
    memory: Memory = "2Gi"


class Serving(Section):
    namespace: DnsName
    name: Omittable[ServiceName] = None
    mode: Literal["standard", "knative"] = "standard"
    gateway: Omittable[Gateway] = None
    ingress: Omittable[Url] = None
    replicas: Count = 1
    resources: ServerResources = ServerResources()
    storage: Storage = Storage()
    canary: Canary = Canary()
    timeout_seconds: Count = 600

    def has_canary_steps(self) -> bool:
        """Traffic is shared by Knative, and in mode standard by a Gateway."""
        return self.mode == "knative" or self.gateway is not None

    def written(self, model: str) -> dict[str, Any]:
        """With all defaults, for the model called so."""
        every = self.model_dump(exclude_none=True) | {"name": self.name or model}
        if not self.has_canary_steps():
            every["canary"] |= {"steps": []}
        return every
