"""Go modules of the suites: etcd, kube-apiserver and kustomize, built once, and definitions of kinds."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from engine.tests.containers.container_engine import CACHE

FOLDER = Path(__file__).parent
BINARIES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
}
DEFINITIONS = {
    "gateway.networking.k8s.io": ("sigs.k8s.io/gateway-api", "config/crd/standard/*_httproutes.yaml"),
    "security.istio.io": ("istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml"),
}
"""Module and files of the definitions of an API group."""
STAMP = "k8s.io/component-base/version"
VERSION = "1.34.4"
"""Of Kubernetes in go.mod; a module's build does not know its own."""


def binaries() -> Path:
    """The folder of the binaries, which stay in the cache until go.mod or the version of Go changes."""
    cache = CACHE / "kubeflow-ci-cd-ct-template/go"
    cache.mkdir(parents=True, exist_ok=True)
    built = cache / _key()
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_dir():
            for older in [path for path in cache.iterdir() if path.is_dir()]:
                shutil.rmtree(older)
            _build(cache / "unfinished")
            (cache / "unfinished").rename(built)
    return built


def definitions(group: str) -> list[dict[str, Any]]:
    """The definitions of an API group's kinds, as its module has them."""
    module, pattern = DEFINITIONS[group]
    answer = json.loads(_go("mod", "download", "-json", module, folder=FOLDER / "definitions"))
    found = [
        document
        for path in sorted(Path(answer["Dir"]).glob(pattern))
        for document in yaml.safe_load_all(path.read_text())
        if document and document["spec"]["group"] == group
    ]
    assert found, f"{module} has no definitions of {group}"
    return found


def _key() -> str:
    content = [(FOLDER / name).read_bytes() for name in ("go.mod", "go.sum")]
    return hashlib.sha256(b"\0".join([*content, _go("version").encode()])).hexdigest()[:16]


def _build(target: Path) -> None:
    major, minor, _ = VERSION.split(".")
    stamps = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(["-s", "-w", *(f"-X {STAMP}.{name}={value}" for name, value in stamps.items())])
    for name, package in BINARIES.items():
        _go("build", "-ldflags", flags, "-o", str(target / name), package)


def _go(*words: str, folder: Path = FOLDER) -> str:
    flags = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    done = subprocess.run(["go", *words], cwd=folder, env=os.environ | flags, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"go {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout
