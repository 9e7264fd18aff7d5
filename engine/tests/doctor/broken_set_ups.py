"""What a broken set-up is made of: servers that are wrong in one way, and the settings that lead to them."""

import json
import os
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from engine.doctor.results import Result, Site
from engine.http import retry
from engine.kubeflow import kfp_client
from engine.stores import s3
from engine.tests.demo_files import DEMO_SETTINGS
from engine.tests.standins.authority import Authority
from engine.tests.standins.github_api import GitHubApi
from engine.tests.standins.guarded_endpoint import HEALTH, JSON, GuardedEndpoint, guarded_endpoint
from engine.tests.standins.http_server import Answer, Request, serving_requests
from engine.tests.standins.oidc_provider import OidcProvider
from engine.tests.standins.token_api import TokenApi
from scripts.doctor import examine

SECONDS = (0.2, 0.1)  # to connect, and to wait for an answer
PRIVATE = "10.0.0.1"


@dataclass
class SetUp:
    """Calls of one set-up change this machine's environment until the test ends."""

    monkeypatch: pytest.MonkeyPatch
    folder: Path
    authority: Authority
    provider: OidcProvider
    github: GitHubApi
    stack: ExitStack

    def prepare(self) -> None:
        """A checkout with all settings, in which waiting takes no time and names lead nowhere."""
        (self.folder / ".github").mkdir()
        (self.folder / ".github/CODEOWNERS").write_text("* @you/flights\n")
        self.settings()
        patch = self.monkeypatch
        patch.setattr(retry, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: None))
        patch.setattr(kfp_client, "TIMEOUT", SECONDS)
        patch.setattr(s3, "ATTEMPTS", 1)
        patch.setattr(socket, "getaddrinfo", _resolving(socket.getaddrinfo))
        s3.forget_client()

    def settings(self, **sections: Any) -> None:
        """mlops.yaml as the demo has it, but for these sections."""
        document = yaml.safe_load(DEMO_SETTINGS.read_text()) | sections
        (self.folder / "mlops.yaml").write_text(yaml.safe_dump(document))

    def site(self, **variables: str) -> Site:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        return Site(self.folder, os.environ, waits=(0, 0))

    def serve(
        self, answer: Callable[[Request], Answer] | Answer, context: ssl.SSLContext | None = None
    ) -> str:
        """Host and port of a server with these answers."""
        given = answer if callable(answer) else lambda request: answer
        return self.stack.enter_context(serving_requests(given, context))

    def endpoint(self, **changes: Any) -> str:
        """The URL of an endpoint behind a gateway that knows the provider's tokens."""
        self.trust()
        endpoint = GuardedEndpoint(self.provider, **changes)
        return self.stack.enter_context(guarded_endpoint(endpoint, self.authority))

    def trust(self) -> None:
        """This machine knows the authority that signed each server's certificate."""
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
            self.monkeypatch.setenv(name, str(self.authority.path))

    def secure(self, answer: Callable[[Request], Answer] | Answer) -> str:
        """The URL of a server with these answers and a certificate that this machine trusts."""
        self.trust()
        return f"https://{self.serve(answer, self.authority.issue('server').context())}"

    def token(self, **claims: Any) -> dict[str, str]:
        known = {"aud": "pipelines.kubeflow.org"} | claims
        return {"KUBEFLOW_TOKEN": self.provider.sign(**known), "KUBEFLOW_NAMESPACE": "staging"}

    def answering(self, status: int, text: str | bytes = b"", **headers: str) -> Site:
        """The site of an endpoint with one answer to requests that the gateway lets in."""
        body = text.encode() if isinstance(text, str) else text
        return self.site(KUBEFLOW_HOST=self.endpoint(refusal=Answer(status, headers, body)), **self.token())

    def tls(self, context: ssl.SSLContext) -> Site:
        return self.site(KUBEFLOW_HOST=f"https://{self.serve(healthy, context)}/pipeline")

    def cluster(self, **documents: Any) -> None:
        """A cluster that has these documents by path, with __ for a slash."""
        paths = {f"/{name.replace('__', '/')}": document for name, document in documents.items()}

        def answer(request: Request) -> Answer:
            found = paths.get(request.path)
            return Answer(404) if found is None else Answer(200, JSON, json.dumps(found).encode())

        self.kubeconfig(self.secure(answer))

    def kubeconfig(self, server: str) -> None:
        context = {"cluster": "c", "user": "u"}
        about = {"server": server, "certificate-authority": str(self.authority.path)}
        document = {
            "clusters": [{"name": "c", "cluster": about}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": context}],
            "current-context": "x",
        }
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(document))
        self.monkeypatch.setenv("KUBECONFIG", str(self.folder / "kubeconfig"))

    def token_api(self) -> TokenApi:
        api = TokenApi(self.provider, self.authority)
        api.url = f"https://{self.serve(api.answer, self.authority.issue('cluster').context())}"
        return api

    def s3(self, status: int = 200, code: str = "", more: str = "", method: str = "PUT") -> Site:
        """The site of a store that answers requests by `method` so, and all others with success."""

        def answer(request: Request) -> Answer:
            if request.method != method or status == 200:
                return Answer(200, {"ETag": '"1"'})
            return Answer(status, {}, f"<Error><Code>{code}</Code>{more}</Error>".encode())

        return self.store(self.secure(answer))

    def store(self, endpoint: str, **changes: str) -> Site:
        keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_DEFAULT_REGION": "eu-west-1"}
        return self.site(RESULTS_URI="s3://bucket/results", AWS_ENDPOINT_URL=endpoint, **keys | changes)

    def on_github(self, **variables: str) -> Site:
        """The site of a repository whose environments have these variables."""
        api, everything = self.github, {"protection_rules": [], "deployment_branch_policy": {"a": 1}}
        known = {"KUBEFLOW_HOST": "https://k", "KUBEFLOW_AUTH": "github-oidc", "RESULTS_URI": "s3://r"}
        known["MODEL_REGISTRY_URI"] = "s3://m"
        for name in ("pull-request", "staging", "production", "schedules"):
            api.environments[name] = dict(everything)
            api.variables[name] = known | {"AWS_ROLE_ARN": "arn:aws:iam::1:role/ci"} | variables
        check = {"context": "ci-passed"}
        api.rules = [
            {"type": "required_status_checks", "parameters": {"required_status_checks": [check]}},
            {"type": "pull_request", "parameters": {"require_code_owner_review": True}},
        ]
        return self.site(**api.environment(actions="read", contents="read", environments="read"))


def healthy(request: Request) -> Answer:
    return Answer(200, JSON, json.dumps(HEALTH | {"multi_user": False}).encode())


def wrong(site: Site, *parts: str) -> list[Result]:
    """The results of these parts of the doctor that ask for something to be done."""
    return [result for result in examine(site, parts) if result.status in ("warn", "fail")]


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listening(stack: ExitStack, full: bool) -> int:
    """A port that accepts connections and says nothing, or, where its queue is full, accepts none."""
    server = stack.enter_context(socket.socket())
    server.bind(("127.0.0.1", 0))
    server.listen(0 if full else 5)
    for _ in range(3 if full else 0):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(server.getsockname())
    return int(server.getsockname()[1])


def _resolving(real: Callable[..., Any]) -> Callable[..., Any]:
    """Names of example.com lead to a private address, and gone.example.com to none."""

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        if host == "gone.example.com":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(PRIVATE if str(host).endswith("example.com") else host, *arguments, **options)

    return resolve
