"""Where and how a component's tasks run on a cluster: what kfp's own functions would have written of it.

kfp sets these on tasks while a pipeline is defined; here they come from mlops.yaml and go into what is
compiled, so that no pipeline repeats them.
"""

from dataclasses import dataclass, field

from google.protobuf import json_format
from kfp import kubernetes
from kfp.kubernetes import kubernetes_executor_config_pb2 as messages

from engine.kubeflow.pipeline_spec import Container, Limits, PlatformSpec, PodConfig, RetryPolicy, Variable
from engine.settings.tasks_schema import Resources, Store, StoreSecret

MEMORY_UNITS: dict[str, int] = {"": 1, **{unit: 1000**power for power, unit in enumerate("KMGTPE", 1)}}
MEMORY_UNITS |= {f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", 1)}


@dataclass
class TaskConfig:
    """What kfp-kubernetes asks of a task: the configuration that its functions add to."""

    platform_config: dict[str, PodConfig] = field(default_factory=dict)


def set_limits(container: Container, resources: Resources) -> None:
    """What `set_cpu_limit`, `set_memory_limit` and `set_accelerator_type` of a task write."""
    limits: Limits = {}
    if resources.cpu:
        cores = float(resources.cpu.removesuffix("m"))
        limits["resourceCpuLimit"] = resources.cpu
        limits["cpuLimit"] = cores / 1000 if resources.cpu.endswith("m") else cores
    if resources.memory:
        limits["resourceMemoryLimit"] = resources.memory
        limits["memoryLimit"] = _gigabytes(resources.memory)
    if accelerator := resources.accelerator:
        limits["accelerator"] = {
            "type": accelerator.type,
            "resourceType": accelerator.type,
            "count": str(accelerator.count),
            "resourceCount": str(accelerator.count),
        }
    if limits:
        container.setdefault("resources", {}).update(limits)


def retry_policy(resources: Resources) -> RetryPolicy | None:
    """What `task.set_retry` writes."""
    if resources.retries is None:
        return None
    return {
        "maxRetryCount": resources.retries.count,
        "backoffDuration": f"{resources.retries.backoff_seconds}s",
        "backoffFactor": resources.retries.backoff_factor,
        "backoffMaxDuration": f"{resources.retries.maximum_backoff_seconds}s",
    }


def kubernetes_config(resources: Resources, store: Store | None, on_cluster: bool = False) -> PodConfig:
    """The executor's entry of the platform specification, {} if nothing is set."""
    task = TaskConfig()
    if on_cluster:  # or a namespace that enforces `restricted` admits no pod; servers before 2.16 ignore it
        kubernetes.set_security_context(task, run_as_non_root=True)
    if store and store.secret:
        kubernetes.use_secret_as_env(task, store.secret.name, _store_keys(store.secret))
    for name, variables in resources.secrets.items():
        kubernetes.use_secret_as_env(task, name, {key: variable for variable, key in variables.items()})
    for name, variables in resources.config_maps.items():
        kubernetes.use_config_map_as_env(task, name, {key: variable for variable, key in variables.items()})
    if resources.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, resources.image_pull_secrets)
    for key, value in resources.labels.items():
        kubernetes.add_pod_label(task, key, value)
    for key, value in resources.annotations.items():
        kubernetes.add_pod_annotation(task, key, value)
    if resources.timeout_seconds:
        kubernetes.set_timeout(task, resources.timeout_seconds)
    _place(task, resources)
    _mount(task, resources)
    return task.platform_config.get("kubernetes", {})


def merged(platforms: list[PlatformSpec], configs: dict[str, PodConfig]) -> list[PlatformSpec]:
    """The platform documents of a pipeline with `configs`, by executor, beside what it sets by itself."""
    if not configs:
        return platforms
    document: PlatformSpec = platforms[0] if platforms else {}
    deployment = document.setdefault("platforms", {}).setdefault("kubernetes", {})
    executors = deployment.setdefault("deploymentSpec", {}).setdefault("executors", {})
    for label, config in configs.items():
        whole = json_format.ParseDict(executors.get(label, {}), messages.KubernetesExecutorConfig())
        whole.MergeFrom(json_format.ParseDict(config, messages.KubernetesExecutorConfig()))
        executors[label] = json_format.MessageToDict(whole)
    return [document]


def store_environment(store: Store) -> list[Variable]:
    """The plain values that tasks which reach the store get beside its keys."""
    values = {"AWS_ENDPOINT_URL": store.endpoint, "AWS_REGION": store.region}
    return [{"name": name, "value": value} for name, value in values.items() if value]


def _store_keys(secret: StoreSecret) -> dict[str, str]:
    """The Secret's keys, each with the variable that boto3 and pyarrow read."""
    keys = {secret.access_key: "AWS_ACCESS_KEY_ID", secret.secret_key: "AWS_SECRET_ACCESS_KEY"}
    return keys | ({secret.session_token: "AWS_SESSION_TOKEN"} if secret.session_token else {})


def _place(task: TaskConfig, resources: Resources) -> None:
    for key, value in resources.node_selector.items():
        kubernetes.add_node_selector(task, key, value)
    for taint in resources.tolerations:
        kubernetes.add_toleration(
            task, taint.key, taint.operator, taint.value, taint.effect, toleration_seconds=taint.seconds
        )
    for term in resources.node_affinity:
        expression = {"key": term.key, "operator": term.operator, "values": term.values}
        kubernetes.add_node_affinity(task, match_expressions=[expression], weight=term.weight)


def _mount(task: TaskConfig, resources: Resources) -> None:
    for name, volume in resources.volumes.items():
        if volume.claim:
            kubernetes.mount_pvc(task, volume.claim, volume.path)
        else:
            kubernetes.add_ephemeral_volume(
                task, name, volume.path, ["ReadWriteOnce"], volume.size, volume.storage_class
            )
    if resources.shared_memory:
        kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", "Memory", resources.shared_memory)


def _gigabytes(memory: str) -> float:
    amount = memory.rstrip("EPTGMKi")
    return float(amount) * MEMORY_UNITS[memory.removeprefix(amount)] / 1000**3
