"""The sections `resources` and `store` of mlops.yaml: how tasks run on a cluster and reach stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from engine.settings.serving_schema import Region, Url
from engine.settings.settings_types import Count, Cpu, Memory, Omittable, Section, matches

ObjectName = Annotated[
    str,
    matches(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*",
        "the name of a Kubernetes object: lower-case letters, digits, hyphens and dots",
    ),
]
DataKey = Annotated[str, matches(r"[A-Za-z0-9._-]+", "a key of a Secret or ConfigMap")]
VariableName = Annotated[str, matches(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
LabelKey = Annotated[
    str,
    matches(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", "a label, as example.com/name"),
]
LabelValue = Annotated[
    str, matches(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", "a label's value of at most 63")
]
MountPath = Annotated[str, matches(r"/.+", "an absolute path")]


class StoreSecret(Section):
    """A Secret of the namespace that tasks run in, and its keys."""

    name: ObjectName
    access_key: DataKey = "AWS_ACCESS_KEY_ID"
    secret_key: DataKey = "AWS_SECRET_ACCESS_KEY"
    session_token: Omittable[DataKey] = None


class Store(Section):
    """What tasks on a cluster need to reach the stores; with no secret, it is their workload identity."""

    endpoint: Omittable[Url] = None
    region: Omittable[Region] = None
    secret: Omittable[StoreSecret] = None
    service_account: Omittable[ObjectName] = None


class Accelerator(Section):
    type: LabelKey
    count: Count = 1


class Toleration(Section):
    key: Omittable[LabelKey] = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: Omittable[LabelValue] = None
    effect: Omittable[Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]] = None
    seconds: Omittable[Annotated[int, Field(ge=0)]] = None


class NodeAffinity(Section):
    """A node's label that is required, or with a weight preferred."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = "In"
    values: list[LabelValue] = Field(default=[])
    weight: Omittable[Annotated[int, Field(ge=1, le=100)]] = None


class Volume(Section):
    """A claim that is there already, or one of `size` that lives as long as the pod."""

    path: MountPath
    claim: Omittable[ObjectName] = None
    size: Omittable[Memory] = None
    storage_class: Omittable[ObjectName] = None


class Retries(Section):
    count: Count
    backoff_seconds: Annotated[int, Field(ge=0)] = 0
    backoff_factor: Annotated[float, Field(ge=1)] = 2.0
    maximum_backoff_seconds: Count = 3600


LIMITS = ("cpu", "memory", "accelerator", "shared_memory")
"""How much a task may use; the rest says what it reaches and where it runs, which no pull request chooses."""


class Resources(Section):
    """How the tasks of one component run on a cluster."""

    cpu: Omittable[Cpu] = None
    memory: Omittable[Memory] = None
    accelerator: Omittable[Accelerator] = None
    node_selector: dict[LabelKey, LabelValue] = Field(default={})
    tolerations: list[Toleration] = Field(default=[])
    node_affinity: list[NodeAffinity] = Field(default=[])
    image_pull_secrets: list[ObjectName] = Field(default=[])
    secrets: dict[ObjectName, dict[VariableName, DataKey]] = Field(default={})
    config_maps: dict[ObjectName, dict[VariableName, DataKey]] = Field(default={})
    volumes: dict[ObjectName, Volume] = Field(default={})
    shared_memory: Omittable[Memory] = None
    labels: dict[LabelKey, LabelValue] = Field(default={})
    annotations: dict[LabelKey, str] = Field(default={})
    retries: Omittable[Retries] = None
    timeout_seconds: Omittable[Count] = None

    def with_limits_of(self, other: "Resources") -> "Resources":
        """These, but as much of them as `other` says."""
        return self.model_copy(update={name: getattr(other, name) for name in LIMITS})


@dataclass(frozen=True)
class TaskSettings:
    """What is compiled into tasks: resources by component, and the store if they run on a cluster."""

    resources: Mapping[str, Resources] = field(default_factory=dict)
    store: Store | None = None
    on_cluster: bool = False
