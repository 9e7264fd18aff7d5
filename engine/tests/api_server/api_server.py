"""A real Kubernetes API on loopback: etcd and kube-apiserver, with no controller and no node behind them."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from engine.tests.standins.kubernetes_api import kubeconfig_of

Document = dict[str, Any]
ADMINISTRATOR = "the-token-of-an-administrator"
START_SECONDS = 120


@dataclass(frozen=True)
class ApiServer:
    url: str
    certificate: Path
    """Key and certificate of the server in one file."""
    session: requests.Session

    def ask(
        self, method: str, path: str, body: Any = None, token: str = ADMINISTRATOR, **headers: str
    ) -> requests.Response:
        return self.session.request(
            method,
            self.url + path,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | headers,
            data=None if body is None else json.dumps(body),
            verify=str(self.certificate),
            timeout=30,
        )

    def get(self, path: str) -> Document:
        return _expected(self.ask("GET", path))

    def create(self, path: str, body: Document) -> Document:
        return _expected(self.ask("POST", path, body))

    def try_apply(self, manifest: Document, query: str = "", token: str = ADMINISTRATOR) -> requests.Response:
        """What the server answers to a server-side apply."""
        path = f"{path_of(manifest)}?fieldManager=tests&force=true{query}"
        header = {"Content-Type": "application/apply-patch+yaml"}
        return self.ask("PATCH", path, manifest, token, **header)

    def apply(self, manifests: Iterable[Document]) -> None:
        """Apply each; definitions of kinds are served once this returns."""
        for manifest in manifests:
            _expected(self.try_apply(manifest))
            if manifest["kind"] == "CustomResourceDefinition":
                self.wait_for_definition(manifest)

    def wait_for_definition(self, manifest: Document) -> None:
        def is_served() -> bool:
            conditions = self.get(path_of(manifest)).get("status", {}).get("conditions") or []
            if ("Established", "True") not in [(each["type"], each["status"]) for each in conditions]:
                return False
            spec = manifest["spec"]
            where = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
            return self.ask("GET", where).status_code == 200

        wait_until(is_served, f"{manifest['metadata']['name']} is served")

    def allows(self, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
        """A SubjectAccessReview that names the user only, as Kubeflow Pipelines asks."""
        attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        }
        answer = self.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        return bool(answer["status"]["allowed"])

    def token_of(self, namespace: str, account: str) -> str:
        """A token of a ServiceAccount, for 10 minutes."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.create(path, body)["status"]["token"])

    def kubeconfig(self, folder: Path, token: str) -> Path:
        path = folder / "kubeconfig"
        document = json.loads(kubeconfig_of(self.url, token))
        document["clusters"][0]["cluster"]["certificate-authority"] = str(self.certificate)
        path.write_text(json.dumps(document))
        return path


def path_of(manifest: Mapping[str, Any]) -> str:
    """Where the API has this object."""
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    place = f"namespaces/{metadata['namespace']}/" if metadata.get("namespace") else ""
    plural = re.sub("s$", "se", re.sub("y$", "ie", manifest["kind"].lower())) + "s"
    return f"/{'apis' if '/' in version else 'api'}/{version}/{place}{plural}/{metadata['name']}"


def namespace(name: str, **labels: str) -> Document:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def wait_until(check: Any, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} seconds: {what}")
        time.sleep(0.05)


@contextmanager
def running_api_server(
    folder: Path, binaries: Path, certificate: Path, options: Mapping[str, str]
) -> Iterator[ApiServer]:
    """Start both, with their state in `folder`. `options` are added to kube-apiserver's own."""
    etcd, peer, port = free_ports(3)
    tokens = folder / "tokens.csv"
    tokens.write_text(f'{ADMINISTRATOR},admin,admin,"system:masters"\n')
    key = _write_signing_key(folder / "accounts.pem")
    store = {
        "data-dir": folder / "etcd",
        "listen-client-urls": f"http://127.0.0.1:{etcd}",
        "advertise-client-urls": f"http://127.0.0.1:{etcd}",
        "listen-peer-urls": f"http://127.0.0.1:{peer}",
        "unsafe-no-fsync": "true",
        "log-level": "error",
    }
    server = {
        "etcd-servers": f"http://127.0.0.1:{etcd}",
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": certificate,
        "tls-private-key-file": certificate,
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": key,
        "service-account-signing-key-file": key,
        "service-cluster-ip-range": "10.0.0.0/24",
        "endpoint-reconciler-type": "none",
        "allow-privileged": "true",
        "authorization-mode": "RBAC",
        "token-auth-file": tokens,
        **options,
    }
    with ExitStack() as started:
        started.enter_context(_running(binaries / "etcd", store, folder / "etcd.log"))
        log = folder / "kube-apiserver.log"
        process = started.enter_context(_running(binaries / "kube-apiserver", server, log))
        session = started.enter_context(requests.Session())
        made = ApiServer(f"https://127.0.0.1:{port}", certificate, session)
        wait_until(lambda: _is_ready(made, process, log), "kube-apiserver is ready", START_SECONDS)
        yield made


@contextmanager
def _running(binary: Path, options: Mapping[str, Any], log: Path) -> Iterator[subprocess.Popen]:
    command = [binary, *(f"--{name}={value}" for name, value in options.items())]
    with log.open("w") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        yield process
    finally:
        process.kill()  # kube-apiserver would wait a minute for open requests
        process.wait()


def _is_ready(server: ApiServer, process: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"kube-apiserver did not start: {log.read_text()[-2000:]}")
    try:
        return server.ask("GET", "/readyz").status_code == 200
    except requests.ConnectionError:
        return False


def _write_signing_key(path: Path) -> Path:
    """A key that signs tokens of ServiceAccounts, in the one form of EC keys that kube-apiserver reads."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    form = serialization.PrivateFormat.TraditionalOpenSSL
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


def free_ports(count: int) -> list[int]:
    with ExitStack() as bound:
        sockets = [bound.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _expected(answer: requests.Response) -> Document:
    if not answer.ok:
        raise RuntimeError(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        )
    document: Document = answer.json()
    return document
