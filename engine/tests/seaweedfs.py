"""A real S3 store on loopback for the tests: SeaweedFS with an administrator and a read-only identity."""

import json
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IDENTITIES = {"admin": ["Admin", "Read", "Write", "List"], "reader": ["Read", "List"]}
BUCKET = "tests"
START_SECONDS = 60


@dataclass(frozen=True)
class SeaweedFS:
    endpoint: str

    def environment(self, identity: str = "admin") -> dict[str, str]:
        """Variables that make a process `identity`: "admin", "reader", or an unknown user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": identity,
            "AWS_SECRET_ACCESS_KEY": f"{identity}-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def new_folder(self) -> str:
        """The s3:// URI of a place in the bucket that is not used yet."""
        return f"s3://{BUCKET}/{uuid.uuid4().hex[:12]}"

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="admin",
            aws_secret_access_key="admin-secret",
            region_name="us-east-1",
        )


@contextmanager
def running_seaweedfs(folder: Path) -> Iterator[SeaweedFS]:
    """Start the store with its state in `folder`; it is ready to be written to."""
    ports = _free_ports(4)
    identities = [
        {
            "name": name,
            "actions": actions,
            "credentials": [{"accessKey": name, "secretKey": f"{name}-secret"}],
        }
        for name, actions in IDENTITIES.items()
    ]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": identities}))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": ports[0],
        "master.peers": "none",
        "master.volumePreallocate": "false",
        "master.volumeSizeLimitMB": 64,
        "master.telemetry": "false",
        "volume.port": ports[1],
        "volume.max": 100,  # a bucket takes seven; the default, 8, refuses the third
        "filer": "true",
        "filer.port": ports[2],
        "s3": "true",
        "s3.port": ports[3],
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": config,
    }
    command = [Path(sys.executable).with_name("weed"), "server", *(f"-{k}={v}" for k, v in options.items())]
    with (folder / "weed.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        store = SeaweedFS(f"http://127.0.0.1:{ports[3]}")
        _wait_until_writable(store, process, folder / "weed.log")
        yield store
    finally:
        process.kill()  # it does not listen to SIGTERM
        process.wait()


def _wait_until_writable(store: SeaweedFS, process: subprocess.Popen, log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            store.client().put_object(Bucket=BUCKET, Key="ready", Body=b"")  # makes the bucket, too
            return
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
    raise RuntimeError(f"SeaweedFS did not start: {log.read_text()[-2000:]}")


def _free_ports(count: int) -> list[int]:
    """Ports p that are free together with p + 10000, where weed puts its gRPC."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.randrange(12000, 22000)  # both below the range that the kernel hands out itself
            try:
                for number in (port, port + 10000):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", number))
                found.append(port)
            except OSError:
                continue
        return found
