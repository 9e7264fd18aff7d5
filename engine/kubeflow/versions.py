"""The versions of Kubeflow Pipelines that are supported, and what a server of one of them lacks."""

import re

from engine.command_line import SettingsError

OLDEST = (2, 5)
FACTS = {
    (2, 5): "the oldest that is supported",
    (2, 15): "`optional` of a secret counts; the store is SeaweedFS",
    (2, 16): "pods run as `runAsNonRoot`",
    (2, 17): "the newest that is tested",
}
"""What is new in a version."""
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
    stated = re.match(r"v?(\d+)\.(\d+)", tag or "")
    if stated and (int(stated[1]), int(stated[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SettingsError(f"{host}: expected Kubeflow Pipelines {oldest} or newer, found {tag}; upgrade it")
