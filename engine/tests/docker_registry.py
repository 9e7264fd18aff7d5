"""A real image registry on loopback for the tests: Debian's docker-registry, open to all or guarded."""

import json
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

START_SECONDS = 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
USER, PASSWORD = "ci", "let me in: please"
HTPASSWD = f"{USER}:$2b$04$P70fgVcyjD1oehiNkUB06uPMeHZv7iy/TnQXBYDqPxd9KquIvFUIe\n"


@dataclass(frozen=True)
class DockerRegistry:
    host: str
    images: Path

    def new_repository(self) -> str:
        """The name of an image repository that is not used yet."""
        return f"{self.host}/you/test-{uuid.uuid4().hex[:12]}"

    def push(self, repository: str, *tags: str, created: str | None = None) -> str:
        """Push an image of no layers, and return its digest."""
        url = self._url(repository)
        config = json.dumps({"made": uuid.uuid4().hex, "created": created}).encode()
        upload = self._send("POST", f"{url}/blobs/uploads/").headers["Location"]
        self._send("PUT", upload, params={"digest": _digest(config)}, data=config)
        described = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": _digest(config),
            "size": len(config),
        }
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
        return self._push_manifest(repository, document, tags)

    def push_index(self, repository: str, *tags: str, parts: tuple[str, ...]) -> str:
        """Push what leads to images pushed before, as BuildKit does, and return its digest."""
        described = [{"mediaType": MANIFEST, "digest": part, "size": 1} for part in parts]
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": described}
        return self._push_manifest(repository, document, tags)

    def tags(self, repository: str) -> set[str]:
        response = requests.get(f"{self._url(repository)}/tags/list", timeout=10)
        return set(response.json().get("tags") or ())

    def _push_manifest(self, repository: str, document: dict[str, Any], tags: tuple[str, ...]) -> str:
        manifest, digest = json.dumps(document).encode(), _digest(json.dumps(document).encode())
        for name in tags or (digest,):
            headers = {"Content-Type": document["mediaType"]}
            self._send("PUT", f"{self._url(repository)}/manifests/{name}", data=manifest, headers=headers)
        return digest

    def _url(self, repository: str) -> str:
        return f"http://{self.host}/v2/{repository.removeprefix(f'{self.host}/')}"

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        response = requests.request(method, url, timeout=10, **options)
        response.raise_for_status()
        return response


@contextmanager
def running_registry(folder: Path, **guarding: Any) -> Iterator[DockerRegistry]:
    """A registry that keeps its images in `folder`; or one of `images` elsewhere, guarded by `auth` as in
    docker-registry's configuration."""
    images = guarding.pop("images", folder / "images")
    if not shutil.which("docker-registry"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Debian's docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    configuration = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(images)}, "delete": {"enabled": True}},
        "http": {"addr": host},
    }
    file = folder / "registry.json"  # JSON is YAML
    file.write_text(json.dumps(configuration | guarding))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", file], stdout=log, stderr=log)
    try:
        _wait_until_listening(host, process, folder / "registry.log")
        yield DockerRegistry(host, images)
    finally:
        process.terminate()
        process.wait()


def htpasswd(folder: Path) -> dict[str, Any]:
    """A registry's `auth` that lets in USER with PASSWORD, and no other."""
    file = folder / "htpasswd"
    file.write_text(HTPASSWD)
    return {"htpasswd": {"realm": "images", "path": str(file)}}


def _wait_until_listening(host: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"http://{host}/v2/", timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise RuntimeError(f"docker-registry did not start: {log.read_text()[-2000:]}")


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
