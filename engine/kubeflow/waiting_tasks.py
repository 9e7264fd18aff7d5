"""What keeps the tasks of a run from starting, as the cluster of KUBECONFIG has it.

The API of Kubeflow Pipelines lists a task as RUNNING while no node has room for its pod, its image cannot be
pulled, a quota is full or the namespace refuses its pod. The reason is a message of the run's Workflow only.
"""

import base64
import gzip
import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from engine.command_line import SettingsError, WorldError
from engine.kserve.cluster import Cluster
from engine.kubeflow.kfp_client import Client

PATIENCE = 15  # seconds in which a node may have to be found, and an image pulled
GONE = 60  # seconds without its Workflow after which a run that has not ended is lost
SHOWN = 300  # characters of a reason
POD = re.compile(r'\bpods "[^"]+"')
PASSING = ("ContainerCreating", "PodInitializing", "ContainersNotReady", "ErrImagePull")
"""Reasons of a pod that may be about to start; ImagePullBackOff follows if an image cannot be pulled."""
REMEDIES = {
    "node affinity/selector": "correct node_selector or node_affinity in mlops.yaml, or label a node",
    "untolerated taint": "set tolerations in mlops.yaml, or remove the taint",
    "Unschedulable": "lower resources in mlops.yaml, or add a node",
    "ImagePull": "check images.repository, and image_pull_secrets in mlops.yaml",
    "CreateContainerConfigError": "create the Secret or ConfigMap in the namespace of the runs",
    "usage per": "correct resources in mlops.yaml, or the LimitRange",
    "service account": "create it in the namespace of the runs, or correct store.service_account",
    "exceeded quota": "wait, lower resources in mlops.yaml, or raise the ResourceQuota",
    "must specify": "set cpu and memory of each component, and a LimitRange for Kubeflow's pods",
    "violates PodSecurity": "see docs/cluster.md, Pod Security",
}


class WaitingTasks:
    """Ask it as often as you like: it answers each reason once."""

    def __init__(self, client: Client, run_id: str):
        self.client, self.run_id = client, run_id
        self._begun = time.monotonic()
        self._known: set[str] = set()
        self._cluster: Cluster | None = None
        self._had_workflow = False
        self._gone_since = math.inf
        self.is_lost = False
        """Whether the cluster had the run's Workflow and has it no more, so that the run never ends."""

    def new_reasons(self, at_once: bool = False) -> list[str]:
        """A line for each task that waits for a reason that was not listed before."""
        patient = not at_once and time.monotonic() - self._begun < PATIENCE
        if not os.environ.get("KUBECONFIG") or patient:
            return []
        try:
            self._cluster = self._cluster or Cluster(self.client.get_user_namespace() or "kubeflow")
            lines = self._reasons(self._cluster)
        except (SettingsError, WorldError) as error:
            lines = [f"what keeps tasks waiting is not shown: {error}"]
        fresh = [line for line in dict.fromkeys(lines) if line not in self._known]
        self._known.update(fresh)
        return fresh

    def _reasons(self, cluster: Cluster) -> list[str]:
        workflows = cluster.workflows_of(self.run_id)
        if workflows:
            self._had_workflow, self._gone_since = True, math.inf
        elif self._had_workflow:
            self._gone_since = min(self._gone_since, time.monotonic())
            self.is_lost = time.monotonic() - self._gone_since > GONE
        else:
            return [
                f"expected a Workflow of run {self.run_id} in namespace {cluster.namespace} of KUBECONFIG,"
                " found none; if it was deleted, end this command and start it again"
            ]
        return [line for workflow in workflows for line in reasons(workflow)]


def reasons(workflow: Mapping[str, Any]) -> Iterator[str]:
    """A line for each node of a Workflow whose pod cannot start."""
    nodes = _nodes(workflow.get("status", {}))
    for node in nodes.values():
        message = POD.sub("its pod", " ".join(node.get("message", "").split()))
        refused = node.get("phase") == "Error" and "forbidden" in message
        waits = node.get("phase") == "Pending" and message and not message.startswith(PASSING)
        if refused or waits:
            yield f"{_task_name(node, nodes)} waits: {message[:SHOWN]}{_remedy(message)}"


def _nodes(status: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes by id; Argo compresses those of a large Workflow."""
    if packed := status.get("compressedNodes"):
        return dict(json.loads(gzip.decompress(base64.b64decode(packed))))
    return dict(status.get("nodes", {}))


def _task_name(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """The key of the task that a pod belongs to: a container's node is inside of its task's."""
    around = nodes.get(node.get("boundaryID", ""), {})
    named = around if node.get("displayName", "").startswith("executor") and around else node
    return str(named.get("displayName", "")).partition("(")[0]


def _remedy(message: str) -> str:
    return next((f"; {remedy}" for reason, remedy in REMEDIES.items() if reason in message), "")
