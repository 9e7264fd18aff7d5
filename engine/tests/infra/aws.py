"""infra/aws applied to a loopback stand-in for AWS: moto."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from engine.tests.model_servers import free_port
from engine.tests.project import ROOT

REGION = "eu-central-1"
START_SECONDS = 60
NOT_AVAILABLE = ("Failed to query available provider packages", "Failed to install provider")
PATH_STYLE = 'provider "aws" {\n  s3_use_path_style = true\n}\n'


@dataclass(frozen=True)
class Terraform:
    """A copy of infra/aws whose providers are installed."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def outputs(self) -> dict[str, Any]:
        printed = self.run("output", "-json").stdout
        return {name: output["value"] for name, output in json.loads(printed).items()}


def installed_terraform(folder: Path) -> Terraform:
    """Skips the test, and says why, where Terraform or its provider is not available."""
    if not shutil.which("terraform"):
        pytest.skip("needs terraform, which is not installed: infra/aws is neither validated nor applied")
    users = shutil.ignore_patterns(".terraform*", "*.tfstate*", "terraform.tfvars", "*.auto.tfvars")
    shutil.copytree(ROOT / "infra/aws", folder, ignore=users)
    terraform = Terraform(folder)
    ended = terraform.run("init", "-input=false", "-no-color")
    if any(message in ended.stderr for message in NOT_AVAILABLE):
        pytest.skip("needs the provider hashicorp/aws, which terraform init cannot download or find")
    assert ended.returncode == 0, ended.stderr
    return terraform


@contextmanager
def running_moto(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of processes that take moto for AWS."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "moto.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/moto-api", server)
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail(f"expected moto at {url}, found none after {START_SECONDS} s: its log is moto.log")


def client(service: str, url: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, **keys)
