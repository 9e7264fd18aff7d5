"""on_kind.sh gives a command a cluster of its own, and deletes it whatever becomes of the command."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from engine.kubeflow import versions

ROOT = Path(__file__).parents[3]
TOOLS = ("curl", "docker", "kind", "kubectl")
STANDIN = """#!/bin/sh
echo "$(basename "$0") $*" >>"$CALLS"
case "$*" in *accesskey*) echo a2V5 ;; *secretkey*) echo c2VjcmV0 ;; esac
"""


@pytest.mark.parametrize("status", [0, 1])
def test_command_gets_a_cluster_that_is_deleted_after_it(tmp_path: Path, status: int) -> None:
    for tool in TOOLS:
        (tmp_path / tool).write_text(STANDIN)
        (tmp_path / tool).chmod(0o755)
    script = [ROOT / "engine/tests/cluster/on_kind.sh", "2.16.1"]
    command = ["sh", "-c", f'env; test -f "$CONTAINERS_REGISTRIES_CONF"; exit {status}']
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
    done = subprocess.run([*script, *command], env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stderr

    shown = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert (shown["AWS_ACCESS_KEY_ID"], shown["AWS_SECRET_ACCESS_KEY"]) == ("key", "secret")
    assert (shown["KUBEFLOW_HOST"], shown["IMAGE_REPOSITORY"]) == (
        "http://127.0.0.1:8888",
        "localhost:5001/loop",
    )
    assert '"endpoint": "http://seaweedfs.kubeflow:9000"' in shown["STORE_SETTINGS"]
    assert not Path(shown["KUBECONFIG"]).exists()
    calls = (tmp_path / "calls").read_text().splitlines()
    assert any("env/platform-agnostic?ref=2.16.1" in call for call in calls)
    assert {"kind delete cluster --name loop", "docker rm --force kind-registry"} <= set(calls)


def test_workflow_tests_each_supported_version() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/cluster.yml").read_text())
    tested = workflow["jobs"]["cluster"]["strategy"]["matrix"]["version"]
    supported = {version for version, _ in versions.KUBEFLOW.values()} | {max(versions.FACTS)}
    assert {tuple(map(int, version.split(".")[:2])) for version in tested} == supported
