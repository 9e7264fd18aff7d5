"""Build an image by buildah, and push it to a registry on loopback."""

import json
import os
import re
import tempfile
from pathlib import Path

from engine.tests.containers.container_engine import Engine
from engine.tests.standins.actions.standin import Inputs, RefusedError, flag, only, run, workspace

TAG = re.compile(r"127\.0\.0\.1:\d+/[a-z0-9/._-]+:[\w][\w.-]{0,127}")
IGNORED = ("builder", "cache-from", "cache-to", "github-token", "labels", "provenance", "pull", "sbom")


def build(inputs: Inputs) -> dict[str, str]:
    only(inputs, "context", "file", "push", "load", "no-cache", "tags", *IGNORED)
    context = (workspace() / (inputs["context"] or ".")).resolve()
    dockerfile = workspace() / (inputs["file"] or context / "Dockerfile")
    if not dockerfile.is_file():
        raise RefusedError(f"failed to read dockerfile: open {dockerfile}: no such file or directory")
    tags = re.split(r"[\s,]+", inputs["tags"].strip()) if inputs["tags"].strip() else []
    if flag(inputs, "push") and not tags:
        raise RefusedError("tag is needed when pushing to registry")
    if strange := [tag for tag in tags if not TAG.fullmatch(tag)]:
        raise RefusedError(f"expected tags of a registry on loopback, found {', '.join(strange)}")
    engine = Engine(Path(os.environ["STANDINS_ENGINE"]))
    local = tags[0] if tags else f"localhost/untagged:{os.environ['GITHUB_RUN_ID']}"
    try:
        engine.build(context, dockerfile, local)
    except RuntimeError as error:
        print(error)
        raise RefusedError(f"buildx failed with: ERROR: failed to build: {dockerfile}") from None
    image = engine.run("podman", "image", "inspect", "--format={{.Id}}", local).strip()
    pushed = [push(engine, local, tag) for tag in tags] if flag(inputs, "push") else []
    digest = pushed[0] if pushed else ""
    metadata = {"image.name": ",".join(tags), "containerimage.digest": digest}
    return {"imageid": f"sha256:{image}", "digest": digest, "metadata": json.dumps(metadata)}


def push(engine: Engine, local: str, tag: str) -> str:
    logins = Path(os.environ.get("DOCKER_CONFIG", "/nowhere"), "config.json")
    as_whom = [f"--authfile={logins}"] if logins.exists() else []
    with tempfile.NamedTemporaryFile("r") as digest:
        words = ("--quiet", "--tls-verify=false", f"--digestfile={digest.name}", *as_whom)
        try:
            engine.run("buildah", "push", *words, local, f"docker://{tag}")
        except RuntimeError as error:
            raise RefusedError(f"failed to push {tag}: {error}") from None
        return Path(digest.name).read_text().strip()


if __name__ == "__main__":
    run(build)
