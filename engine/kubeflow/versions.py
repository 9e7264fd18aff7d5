"""The versions of Kubeflow Pipelines that are supported, and what a server of one of them lacks."""

import re

from engine.command_line import SettingsError
from engine.kubeflow.pipeline_spec import PlatformSpec, pod_configs

OLDEST = (2, 5)
RUNS_AS_NON_ROOT = (2, 16)
FIRST_WITH_AUTHORIZATION = (2, 16, 1)
"""Older servers let anyone have a pipeline that names no namespace."""
FACTS = {
    (2, 5): "the oldest that is supported",
    (2, 14): "`node_affinity` counts",
    (2, 15): "`optional` of a secret counts; the store is SeaweedFS",
    (2, 16): "pods run as `runAsNonRoot`",
    (2, 17): "the newest that is tested",
}
"""What is new in a version."""
KUBERNETES_FIELDS = {
    "activeDeadlineSeconds": (2, 5),
    "configMapAsEnv": (2, 5),
    "emptyDirMounts": (2, 5),
    "genericEphemeralVolume": (2, 5),
    "imagePullSecret": (2, 5),
    "nodeAffinity": (2, 14),
    "nodeSelector": (2, 5),
    "podMetadata": (2, 5),
    "pvcMount": (2, 5),
    "secretAsEnv": (2, 5),
    "tolerations": (2, 5),
}
"""What a compiled pipeline says of a pod, and the first version that obeys it: older ones ignore it."""
KUBEFLOW = {
    "1.10": ((2, 5), "0.15.0"),
    "1.11": ((2, 15), "0.15.2"),
    "26.03": ((2, 16), "0.16.0"),
    "26.03.1": ((2, 16), "0.18.0"),
}
"""The supported releases of Kubeflow, with the Kubeflow Pipelines and the KServe that they install."""


def table() -> str:
    """The facts as docs/cluster.md has them."""
    rows = [f"| {major}.{minor} | {fact} |" for (major, minor), fact in FACTS.items()]
    return "\n".join(["| Kubeflow Pipelines | what is new there |", "|---|---|", *rows])


def kubeflow_table() -> str:
    """The releases of Kubeflow as docs/cluster.md has them."""
    rows = [
        f"| {release} | {major}.{minor} | {kserve} |"
        for release, ((major, minor), kserve) in KUBEFLOW.items()
    ]
    return "\n".join(["| Kubeflow | Kubeflow Pipelines | KServe |", "|---|---|---|", *rows])


def check_supported(host: str, tag: str | None) -> None:
    """Refuse a server that is too old; one that states no version, or a newer one, is taken as it is."""
    if (version := stated(tag)) and version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SettingsError(f"{host}: expected Kubeflow Pipelines {oldest} or newer, found {tag}; upgrade it")


def check_pods(host: str, tag: str | None, platforms: PlatformSpec) -> None:
    """Refuse what a pipeline's platform document says of pods and the server would silently ignore."""
    version = stated(tag)
    for label, config in pod_configs(platforms).items():
        for field in config:
            since = KUBERNETES_FIELDS.get(field, OLDEST)
            if version and version < since:
                major, minor = since
                raise SettingsError(
                    f"{host}: {label}: {field} requires Kubeflow Pipelines {major}.{minor}, found {tag},"
                    " which ignores it; upgrade it, or remove this from resources in mlops.yaml"
                )


def stated(tag: str | None) -> tuple[int, ...] | None:
    """The numbers of a server's version: two, or three if it has them."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", tag or "")
    return tuple(int(number) for number in match.groups() if number) if match else None
